package llmsim

import "strconv"

// text is POST /v1/completions.
type text struct{ openAI }

func newText(j *job) dialect { return text{newOpenAI(j, "cmpl-", "text_completion")} }

// open is empty: completions have no roles.
func (d text) open(b []byte, _ *choice) []byte { return b }

func (d text) tokens(b []byte, c *choice, n int) []byte {
	b = d.beginChoice(b, c)
	b = append(b, `,"text":"`...)
	b = appendText(b, c, c.sent, n)
	b = append(b, `","logprobs":`...)
	b = d.appendLogprobs(b, c, n)
	c.sent += n
	return d.endChoice(b, c, "null")
}

func (d text) finish(b []byte, c *choice) []byte {
	b = d.beginChoice(b, c)
	b = append(b, `,"text":"","logprobs":null`...)
	return d.endChoice(b, c, `"`+c.reason+`"`)
}

func (d text) whole(b []byte) []byte {
	return d.wholeOf(b, "cmpl-", "text_completion", func(c *choice) string { return c.reason }, func(b []byte, c *choice) []byte {
		b = append(b, `,"text":"`...)
		b = appendText(b, c, c.sent, c.seq.OutputTokens)
		b = append(b, `","logprobs":`...)
		return d.appendLogprobs(b, c, c.seq.OutputTokens)
	})
}

// appendLogprobs appends the logprobs of the n tokens after c.sent, or null.
// Offsets count bytes of the answer.
func (d text) appendLogprobs(b []byte, c *choice, n int) []byte {
	if !d.logprobs {
		return append(b, "null"...)
	}
	list := func(name string, each func(b []byte, index int) []byte) {
		b = append(b, `,"`+name+`":[`...)
		for i := range n {
			if i > 0 {
				b = append(b, ',')
			}
			b = each(b, c.sent+i)
		}
		b = append(b, ']')
	}
	from := len(b)
	list("tokens", func(b []byte, index int) []byte {
		return append(appendWord(append(b, '"'), c.key, index), '"')
	})
	b[from] = '{' // the comma before the first list
	list("token_logprobs", func(b []byte, index int) []byte { return appendLogprob(b, c, index) })
	var word []byte
	list("text_offset", func(b []byte, index int) []byte {
		b = strconv.AppendInt(b, int64(c.sentBytes), 10)
		word = appendWord(word[:0], c.key, index)
		c.sentBytes += len(word)
		return b
	})
	return append(b, `,"top_logprobs":null}`...)
}
