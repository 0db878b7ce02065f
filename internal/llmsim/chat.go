package llmsim

import "strconv"

// chat is POST /v1/chat/completions.
type chat struct{ openAI }

func newChat(j *job) dialect { return chat{newOpenAI(j, "chatcmpl-", "chat.completion.chunk")} }

func (d chat) open(b []byte, c *choice) []byte {
	b = d.beginChoice(b, c)
	b = append(b, `,"delta":{"role":"assistant","content":""},"logprobs":null`...)
	return d.endChoice(b, c, "null")
}

func (d chat) tokens(b []byte, c *choice, n int) []byte {
	b = d.beginChoice(b, c)
	b = append(b, `,"delta":{"content":"`...)
	b = appendText(b, c, n)
	b = append(b, `"},"logprobs":`...)
	b = d.appendLogprobs(b, c, n)
	c.sent += n
	return d.endChoice(b, c, "null")
}

func (d chat) finish(b []byte, c *choice) []byte {
	b = d.beginChoice(b, c)
	b = append(b, `,"delta":{},"logprobs":null`...)
	return d.endChoice(b, c, `"`+c.reason+`"`)
}

func (d chat) whole(b []byte) []byte {
	return d.wholeOf(b, "chatcmpl-", "chat.completion", func(b []byte, c *choice) []byte {
		b = append(b, `,"message":{"role":"assistant","content":"`...)
		b = appendText(b, c, c.seq.OutputTokens)
		b = append(b, `"},"logprobs":`...)
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
