package llmsim

import "strconv"

// chat is POST /v1/chat/completions.
type chat struct{ openAI }

func newChat(j *job) dialect { return chat{newOpenAI(j, "chatcmpl-", "chat.completion.chunk")} }

func (d chat) open(b []byte, c *choice) []byte {
	b = d.beginChoice(b, c)
	b = append(b, `,"delta":{"role":"assistant","content":`...)
	if d.tool != "" {
		b = append(d.appendCall(append(b, `null,"tool_calls":[{"index":0,`...), c), `""}}]`...)
	} else {
		b = append(b, `""`...)
	}
	b = append(b, `},"logprobs":null`...)
	return d.endChoice(b, c, "null")
}

func (d chat) tokens(b []byte, c *choice, n int) []byte {
	b = d.beginChoice(b, c)
	if d.tool != "" {
		b = append(b, `,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"`...)
		b = append(appendArguments(b, c, c.sent, n, `\"`), `"}}]`...)
	} else {
		b = append(b, `,"delta":{"content":"`...)
		b = append(appendText(b, c, c.sent, n), '"')
	}
	b = append(b, `},"logprobs":`...)
	b = d.appendLogprobs(b, c, n)
	c.sent += n
	return d.endChoice(b, c, "null")
}

// appendCall appends a call inside its object, up to the arguments.
func (d chat) appendCall(b []byte, c *choice) []byte {
	b = append(b, `"id":"call_`+d.id+`_`...)
	b = strconv.AppendInt(b, int64(c.index), 10)
	b = append(b, `","type":"function","function":{"name":`...)
	return append(append(b, quote(d.tool)...), `,"arguments":`...)
}

// reason is the finish reason of a choice.
func (d chat) reason(c *choice) string {
	if d.tool != "" && c.reason == "stop" {
		return "tool_calls"
	}
	return c.reason
}

func (d chat) finish(b []byte, c *choice) []byte {
	b = d.beginChoice(b, c)
	b = append(b, `,"delta":{},"logprobs":null`...)
	return d.endChoice(b, c, `"`+d.reason(c)+`"`)
}

func (d chat) whole(b []byte) []byte {
	return d.wholeOf(b, "chatcmpl-", "chat.completion", d.reason, func(b []byte, c *choice) []byte {
		b = append(b, `,"message":{"role":"assistant","content":`...)
		if d.tool != "" {
			b = append(d.appendCall(append(b, `null,"tool_calls":[{`...), c), '"')
			b = append(appendArguments(b, c, c.sent, c.seq.OutputTokens, `\"`), `"}}]`...)
		} else {
			b = append(appendText(append(b, '"'), c, c.sent, c.seq.OutputTokens), '"')
		}
		b = append(b, `},"logprobs":`...)
		return d.appendLogprobs(b, c, c.seq.OutputTokens)
	})
}

// appendLogprobs appends the logprobs of the n tokens after c.sent, or null.
func (d chat) appendLogprobs(b []byte, c *choice, n int) []byte {
	if !d.logprobs {
		return append(b, "null"...)
	}
	b = append(b, `{"content":[`...)
	b = appendTokenLogprobs(b, c, n)
	return append(b, "]}"...)
}

// appendTokenLogprobs appends a list of them without its brackets.
func appendTokenLogprobs(b []byte, c *choice, n int) []byte {
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"token":"`...)
		from := len(b)
		b = appendWord(b, c.key, c.sent+i)
		to := len(b)
		b = append(b, `","logprob":`...)
		b = appendLogprob(b, c, c.sent+i)
		b = append(b, `,"bytes":[`...)
		for at := from; at < to; at++ {
			if at > from {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(b[at]), 10)
		}
		b = append(b, `],"top_logprobs":[]}`...)
	}
	return b
}
