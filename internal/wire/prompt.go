package wire

import (
	"bytes"
	"encoding/json"
)

// promptFields are where the APIs put what a model reads, in the order in which
// chat templates write it.
func promptFields() []string {
	return []string{"tools", "system", "systemInstruction", "system_instruction", "instructions",
		"messages", "contents", "prompt", "inputs", "input"}
}

// PromptText is what a model reads of a request body, in one form however the
// client wrote its JSON: object keys sorted, a line a message, without the marks of
// what a server is to cache, which move from turn to turn. A conversation
// that goes on begins with the bytes of what it was before, so that hashes of
// its blocks are shared. nil: the body is no JSON object, or holds no prompt.
func PromptText(body []byte) []byte {
	var request map[string]json.RawMessage
	if json.Unmarshal(body, &request) != nil {
		return nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	for _, name := range promptFields() {
		raw, ok := request[name]
		if !ok {
			continue
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var value any
		if d.Decode(&value) != nil {
			continue
		}
		dropMarks(value)
		switch value := value.(type) {
		case nil:
		case []any:
			for _, one := range value {
				e.Encode(one) // what was decoded can be encoded
			}
		case string:
			out.WriteString(value)
		default:
			e.Encode(value)
		}
	}
	return out.Bytes()
}

// dropMarks takes the cache_control of Anthropic's API out of a value.
func dropMarks(value any) {
	switch value := value.(type) {
	case []any:
		for _, one := range value {
			dropMarks(one)
		}
	case map[string]any:
		delete(value, "cache_control")
		for _, one := range value {
			dropMarks(one)
		}
	}
}
