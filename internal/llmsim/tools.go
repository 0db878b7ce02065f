package llmsim

import "encoding/json"

// tool is one that a request offers, in any API's form.
type tool struct {
	Name     string `json:"name"`
	Function struct {
		Name string `json:"name"`
	} `json:"function"`
}

// demandedTool is the name of the tool that a request demands to be called: the
// one that tool_choice names, or the first where it wants any. "": the answer
// is text, as it is where the model may choose.
func demandedTool(tools, choice json.RawMessage) (string, *apiError) {
	var offered []tool
	if len(tools) > 0 {
		if err := json.Unmarshal(tools, &offered); err != nil {
			return "", badRequest("tools", "tools is not understood: %v", err)
		}
	}
	var word string
	var object struct {
		Type string `json:"type"`
		tool
	}
	switch {
	case len(choice) == 0:
		return "", nil
	case json.Unmarshal(choice, &word) == nil:
	case json.Unmarshal(choice, &object) == nil:
		word = object.Type
	default:
		return "", badRequest("tool_choice", "tool_choice is neither a word nor an object")
	}
	want := either(object.Name, object.Function.Name)
	if want == "" && word != "required" && word != "any" {
		return "", nil
	}
	for _, t := range offered {
		if name := either(t.Name, t.Function.Name); name != "" && (want == "" || name == want) {
			return name, nil
		}
	}
	return "", badRequest("tool_choice", "tool_choice demands a tool %q that tools does not offer", want)
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// appendArguments appends the text of n tokens from one on of a call's
// arguments, which are one JSON object unless the answer's length cut it.
// quote is how its quotation marks are written: `"`, or `\"` inside a string.
func appendArguments(b []byte, c *choice, from, n int, quote string) []byte {
	last := c.seq.OutputTokens - 1
	for i := from; i < from+n; i++ {
		closes := i == last && c.reason == "stop"
		switch {
		case i == 0 && closes:
			b = append(b, "{}"...)
		case i == 0:
			b = append(b, "{"+quote+"text"+quote+":"+quote...)
		case closes:
			b = append(b, quote+"}"...)
		default:
			b = appendWord(b, c.key, i)
		}
	}
	return b
}
