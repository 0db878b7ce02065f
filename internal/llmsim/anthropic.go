package llmsim

import (
	"encoding/json"
	"slices"
	"strconv"
)

// anthropicRequest is the body of POST /v1/messages.
type anthropicRequest struct {
	Model    string     `json:"model"`
	System   anyContent `json:"system"`
	Messages []struct {
		Role    string     `json:"role"`
		Content anyContent `json:"content"`
	} `json:"messages"`
	MaxTokens  *int            `json:"max_tokens"`
	Stream     bool            `json:"stream"`
	Tools      json.RawMessage `json:"tools"`
	ToolChoice json.RawMessage `json:"tool_choice"`
}

// parseAnthropic understands the body of POST /v1/messages.
func (c Config) parseAnthropic(body []byte) (*parsed, *apiError) {
	var r anthropicRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, badRequest("", "the request body is not understood: %v", err)
	}
	switch {
	case len(r.Messages) == 0:
		return nil, badRequest("messages", "messages is empty: give at least one")
	case r.MaxTokens == nil:
		return nil, badRequest("max_tokens", "max_tokens: Field required")
	}
	var messages []message
	if r.System != "" {
		messages = append(messages, message{Role: "system", Content: content(r.System)})
	}
	for _, m := range r.Messages {
		messages = append(messages, message{Role: m.Role, Content: content(m.Content)})
	}
	s := sampling{Model: r.Model, MaxTokens: r.MaxTokens, Stream: r.Stream}
	return c.parseCalls(s, [][]int64{appendChat(nil, messages, r.Tools)}, false, r.Tools, r.ToolChoice)
}

// namedEvents is how Anthropic's API does it.
func namedEvents() protocol {
	return protocol{
		contentType: "text/event-stream; charset=utf-8",
		ping:        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
		failure: func(e *apiError) []byte {
			kind := e.Type
			switch {
			case e.Status == 404:
				kind = "not_found_error"
			case e.Status == 503 || e.Status == 529:
				kind = "overloaded_error"
			case e.Status >= 500:
				kind = "api_error"
			}
			b := append([]byte(`{"type":"error","error":{"type":`), quote(kind)...)
			b = append(append(b, `,"message":`...), quote(e.Message)...)
			return append(b, "}}"...)
		},
		broken: func(body []byte) []byte {
			return slices.Concat([]byte("event: error\ndata: "), body, []byte("\n\n"))
		},
	}
}

// anthropic is POST /v1/messages: an answer of one block, a text or a call.
type anthropic struct{ *job }

func newAnthropic(j *job) dialect { return anthropic{j} }

// appendBegin opens an event, its object and the type in it.
func appendBegin(b []byte, kind string) []byte {
	b = append(b, "event: "+kind+"\ndata: {\"type\":\""...)
	return append(b, kind+`"`...)
}

// appendMessage appends the message up to its content.
func (d anthropic) appendMessage(b []byte) []byte {
	b = append(b, `{"id":"msg_`+d.id+`","type":"message","role":"assistant","model":`...)
	b = append(b, quote(d.model)...)
	return append(b, `,"content":[`...)
}

// appendUsage appends a usage; the input is what no cache had a part in.
func (d anthropic) appendUsage(b []byte, c *choice) []byte {
	for _, f := range []struct {
		name string
		n    int
	}{
		{`"usage":{"input_tokens":`, c.seq.PromptTokens - c.seq.CachedTokens},
		{`,"cache_creation_input_tokens":`, 0},
		{`,"cache_read_input_tokens":`, c.seq.CachedTokens},
		{`,"output_tokens":`, c.sent},
	} {
		b = strconv.AppendInt(append(b, f.name...), int64(f.n), 10)
	}
	return append(b, '}')
}

func (d anthropic) open(b []byte, c *choice) []byte {
	b = append(appendBegin(b, "message_start"), `,"message":`...)
	b = append(d.appendMessage(b), `],"stop_reason":null,"stop_sequence":null,`...)
	b = append(d.appendUsage(b, c), "}}\n\n"...)
	b = append(appendBegin(b, "content_block_start"), `,"index":0,"content_block":`...)
	if d.tool != "" {
		b = d.appendCall(b)
		b = append(b, `{}}`...)
	} else {
		b = append(b, `{"type":"text","text":""}`...)
	}
	return append(append(b, "}\n\n"...), namedEvents().ping...)
}

// appendCall appends a call up to its input.
func (d anthropic) appendCall(b []byte) []byte {
	b = append(b, `{"type":"tool_use","id":"toolu_`+d.id+`","name":`...)
	return append(append(b, quote(d.tool)...), `,"input":`...)
}

func (d anthropic) tokens(b []byte, c *choice, n int) []byte {
	b = append(appendBegin(b, "content_block_delta"), `,"index":0,"delta":{"type":"`...)
	if d.tool != "" {
		b = appendArguments(append(b, `input_json_delta","partial_json":"`...), c, c.sent, n, `\"`)
	} else {
		b = appendText(append(b, `text_delta","text":"`...), c, c.sent, n)
	}
	c.sent += n
	return append(b, "\"}}\n\n"...)
}

func (d anthropic) stopReason(c *choice) string {
	switch {
	case c.reason == "length":
		return "max_tokens"
	case d.tool != "":
		return "tool_use"
	}
	return "end_turn"
}

func (d anthropic) finish(b []byte, c *choice) []byte {
	b = append(appendBegin(b, "content_block_stop"), ",\"index\":0}\n\n"...)
	b = append(appendBegin(b, "message_delta"), `,"delta":{"stop_reason":"`+d.stopReason(c)+`","stop_sequence":null},`...)
	b = append(d.appendUsage(b, c), "}\n\n"...)
	return append(appendBegin(b, "message_stop"), "}\n\n"...)
}

// end is empty: the one answer has told its end.
func (d anthropic) end(b []byte) []byte { return b }

func (d anthropic) whole(b []byte) []byte {
	c := d.choices[0]
	b = d.appendMessage(b)
	if d.tool == "" {
		b = append(appendText(append(b, `{"type":"text","text":"`...), c, c.sent, c.seq.OutputTokens), `"}`...)
	} else if b = d.appendCall(b); c.reason == "stop" {
		b = append(appendArguments(b, c, c.sent, c.seq.OutputTokens, `"`), '}')
	} else { // cut: an object is no object then
		b = append(b, `{}}`...)
	}
	c.sent = c.seq.OutputTokens
	b = append(b, `],"stop_reason":"`+d.stopReason(c)+`","stop_sequence":null,`...)
	return append(d.appendUsage(b, c), '}')
}
