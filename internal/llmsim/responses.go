package llmsim

import (
	"encoding/json"
	"slices"
	"strconv"
)

// responsesRequest is the body of POST /v1/responses.
type responsesRequest struct {
	Model           string          `json:"model"`
	Instructions    string          `json:"instructions"`
	Input           json.RawMessage `json:"input"`
	MaxOutputTokens *int            `json:"max_output_tokens"`
	Stream          bool            `json:"stream"`
	Tools           json.RawMessage `json:"tools"`
	ToolChoice      json.RawMessage `json:"tool_choice"`
}

// inputItem is one of a conversation; calls and their results count as their
// JSON text.
type inputItem struct {
	Type    string     `json:"type"`
	Role    string     `json:"role"`
	Content anyContent `json:"content"`
}

// parseResponses understands the body of POST /v1/responses.
func (c Config) parseResponses(body []byte) (*parsed, *apiError) {
	var r responsesRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, badRequest("", "the request body is not understood: %v", err)
	}
	var messages []message
	if r.Instructions != "" {
		messages = append(messages, message{Role: "developer", Content: content(r.Instructions)})
	}
	var text string
	var items []json.RawMessage
	switch {
	case json.Unmarshal(r.Input, &text) == nil && text != "":
		messages = append(messages, message{Role: "user", Content: content(text)})
	case json.Unmarshal(r.Input, &items) == nil && len(items) > 0:
		for i, raw := range items {
			var item inputItem
			if err := json.Unmarshal(raw, &item); err != nil {
				return nil, badRequest("input", "input item %d: %v", i, err)
			}
			if item.Role == "" {
				item.Role, item.Content = "tool", anyContent(raw)
			}
			messages = append(messages, message{Role: item.Role, Content: content(item.Content)})
		}
	default:
		return nil, badRequest("input", "input is neither a text nor a list of items")
	}
	s := sampling{Model: r.Model, MaxTokens: r.MaxOutputTokens, Stream: r.Stream}
	return c.parseCalls(s, [][]int64{appendChat(nil, messages, r.Tools)}, false, r.Tools, r.ToolChoice)
}

// typedEvents is how the Responses API does it.
func typedEvents() protocol {
	p := eventStream()
	p.broken = func(body []byte) []byte {
		var e struct {
			Error struct{ Message string }
		}
		json.Unmarshal(body, &e) // it is our own
		return slices.Concat([]byte(`event: error`+"\n"+`data: {"type":"error","code":"server_error","param":null,"message":`),
			quote(e.Error.Message), []byte("}\n\n"))
	}
	return p
}

// responses is POST /v1/responses: an answer of one item, a message or a call.
type responses struct {
	*job
	sequence int
}

func newResponses(j *job) dialect { return &responses{job: j} }

// begin opens an event, up to its own fields.
func (d *responses) begin(b []byte, kind string) []byte {
	b = append(appendBegin(b, kind), `,"sequence_number":`...)
	b = strconv.AppendInt(b, int64(d.sequence), 10)
	d.sequence++
	return b
}

const place = `,"output_index":0,"content_index":0`

func (d *responses) item() string { return `,"item_id":"item_` + d.id + `"` }

// appendResponse appends the response as it stands; output is its one item.
func (d *responses) appendResponse(b []byte, c *choice, status string, output bool) []byte {
	b = append(b, `{"id":"resp_`+d.id+`","object":"response","created_at":`...)
	b = strconv.AppendInt(b, d.created, 10)
	b = append(b, `,"status":"`+status+`","error":null,"incomplete_details":`...)
	if status == "incomplete" {
		b = append(b, `{"reason":"max_output_tokens"}`...)
	} else {
		b = append(b, "null"...)
	}
	b = append(append(b, `,"instructions":null,"metadata":{},"parallel_tool_calls":true,"temperature":1,"tool_choice":"auto","tools":[],"top_p":1,"model":`...), quote(d.model)...)
	b = append(b, `,"output":[`...)
	if !output {
		return append(b, `],"usage":null}`...)
	}
	b = append(d.appendItem(b, c, status), `],"usage":{"input_tokens":`...)
	for _, f := range []struct {
		n     int
		after string
	}{
		{c.seq.PromptTokens, `,"input_tokens_details":{"cached_tokens":`},
		{c.seq.CachedTokens, `},"output_tokens":`},
		{c.seq.OutputTokens, `,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":`},
		{c.seq.PromptTokens + c.seq.OutputTokens, `}}`},
	} {
		b = append(strconv.AppendInt(b, int64(f.n), 10), f.after...)
	}
	return b
}

// appendItem appends the item: in progress it is empty, else whole.
func (d *responses) appendItem(b []byte, c *choice, status string) []byte {
	n := c.seq.OutputTokens
	if status == "in_progress" {
		n = 0
	}
	if d.tool != "" {
		b = append(b, `{"id":"item_`+d.id+`","type":"function_call","status":"`+status+`","call_id":"call_`+d.id+`","name":`...)
		b = append(append(b, quote(d.tool)...), `,"arguments":"`...)
		return append(appendArguments(b, c, 0, n, `\"`), `"}`...)
	}
	b = append(b, `{"id":"item_`+d.id+`","type":"message","status":"`+status+`","role":"assistant","content":[`...)
	if n > 0 {
		b = append(d.appendPart(b, c, n), ']', '}')
		return b
	}
	return append(b, "]}"...)
}

// appendPart appends the part of a message that holds n tokens.
func (d *responses) appendPart(b []byte, c *choice, n int) []byte {
	b = append(b, `{"type":"output_text","annotations":[],"logprobs":[],"text":"`...)
	return append(appendText(b, c, 0, n), `"}`...)
}

func (d *responses) open(b []byte, c *choice) []byte {
	for _, kind := range []string{"response.created", "response.in_progress"} {
		b = append(d.begin(b, kind), `,"response":`...)
		b = append(d.appendResponse(b, c, "in_progress", false), "}\n\n"...)
	}
	b = append(d.begin(b, "response.output_item.added"), `,"output_index":0,"item":`...)
	b = append(d.appendItem(b, c, "in_progress"), "}\n\n"...)
	if d.tool != "" {
		return b
	}
	b = append(d.begin(b, "response.content_part.added"), d.item()+place+`,"part":`...)
	return append(d.appendPart(b, c, 0), "}\n\n"...)
}

func (d *responses) tokens(b []byte, c *choice, n int) []byte {
	if d.tool != "" {
		b = append(d.begin(b, "response.function_call_arguments.delta"), d.item()+`,"output_index":0,"delta":"`...)
		b = append(appendArguments(b, c, c.sent, n, `\"`), "\"}\n\n"...)
	} else {
		b = append(d.begin(b, "response.output_text.delta"), d.item()+place+`,"logprobs":[],"delta":"`...)
		b = append(appendText(b, c, c.sent, n), "\"}\n\n"...)
	}
	c.sent += n
	return b
}

func (d *responses) status(c *choice) string {
	if c.reason == "length" {
		return "incomplete"
	}
	return "completed"
}

func (d *responses) finish(b []byte, c *choice) []byte {
	n, status := c.seq.OutputTokens, d.status(c)
	if d.tool != "" {
		b = append(d.begin(b, "response.function_call_arguments.done"), d.item()+`,"output_index":0,"name":`...)
		b = append(append(b, quote(d.tool)...), `,"arguments":"`...)
		b = append(appendArguments(b, c, 0, n, `\"`), "\"}\n\n"...)
	} else {
		b = append(d.begin(b, "response.output_text.done"), d.item()+place+`,"logprobs":[],"text":"`...)
		b = append(appendText(b, c, 0, n), "\"}\n\n"...)
		b = append(d.begin(b, "response.content_part.done"), d.item()+place+`,"part":`...)
		b = append(d.appendPart(b, c, n), "}\n\n"...)
	}
	b = append(d.begin(b, "response.output_item.done"), `,"output_index":0,"item":`...)
	b = append(d.appendItem(b, c, status), "}\n\n"...)
	b = append(d.begin(b, "response."+status), `,"response":`...)
	return append(d.appendResponse(b, c, status, true), "}\n\n"...)
}

// end is empty: the one answer has told its end.
func (d *responses) end(b []byte) []byte { return b }

func (d *responses) whole(b []byte) []byte {
	c := d.choices[0]
	c.sent = c.seq.OutputTokens
	return d.appendResponse(b, c, d.status(c), true)
}
