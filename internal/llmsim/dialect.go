package llmsim

import (
	"encoding/json"
	"strconv"
)

// dialect turns a job's tokens into the bytes of one API. It appends to a
// buffer that is flushed once a step: encoding each chunk by reflection would
// cost more than everything else the server does.
type dialect interface {
	// open is what comes before a choice's first token.
	open(b []byte, c *choice) []byte
	// tokens is one event with the next n tokens after c.sent; sent is n further on return.
	tokens(b []byte, c *choice, n int) []byte
	// finish is what comes after a choice's last token.
	finish(b []byte, c *choice) []byte
	// end is what comes after all choices.
	end(b []byte) []byte
	// whole is the answer to a request that did not ask for a stream.
	whole(b []byte) []byte
}

// openAI is what the two OpenAI dialects share.
type openAI struct {
	*job
	head []byte // of every event, up to the choices' bracket
}

func newOpenAI(j *job, idPrefix, object string) openAI {
	return openAI{j, appendHead([]byte("data: "), j, idPrefix, object)}
}

// appendHead opens an object and its choices.
func appendHead(b []byte, j *job, idPrefix, object string) []byte {
	b = append(b, `{"id":"`+idPrefix+j.id+`","object":"`+object+`","created":`...)
	b = strconv.AppendInt(b, j.created, 10)
	b = append(b, `,"model":`...)
	b = append(b, quote(j.model)...)
	return append(b, `,"choices":[`...)
}

// beginChoice opens an event and the one choice in it.
func (o openAI) beginChoice(b []byte, c *choice) []byte {
	b = append(b, o.head...)
	b = append(b, `{"index":`...)
	return strconv.AppendInt(b, int64(c.index), 10)
}

// endChoice closes them; finish is the JSON of finish_reason. With continuous
// usage every event counts its own choice's tokens so far, as vLLM has it.
func (o openAI) endChoice(b []byte, c *choice, finish string) []byte {
	b = append(b, `,"finish_reason":`...)
	b = append(b, finish...)
	b = append(b, "}]"...)
	if o.continuousUsage {
		b = append(b, `,"usage":`...)
		b = usage{c.seq.PromptTokens, c.seq.CachedTokens, c.sent}.append(b)
	}
	return append(b, "}\n\n"...)
}

func (o openAI) end(b []byte) []byte {
	if o.includeUsage {
		b = append(b, o.head...)
		b = append(b, `],"usage":`...)
		b = o.usage().append(b)
		b = append(b, "}\n\n"...)
	}
	return append(b, "data: [DONE]\n\n"...)
}

// wholeOf is the answer as one object; content appends what a choice holds
// between its index and its finish_reason.
func (o openAI) wholeOf(b []byte, idPrefix, object string, reason func(*choice) string, content func([]byte, *choice) []byte) []byte {
	b = appendHead(b, o.job, idPrefix, object)
	for i, c := range o.choices {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"index":`...)
		b = strconv.AppendInt(b, int64(c.index), 10)
		b = content(b, c)
		b = append(b, `,"finish_reason":"`+reason(c)+`"}`...)
		c.sent = c.seq.OutputTokens
	}
	b = append(b, `],"usage":`...)
	return append(o.usage().append(b), '}')
}

// quote is s as JSON.
func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return b
}

// appendText appends the text of n tokens from one on. It needs no escapes:
// words are letters and spaces.
func appendText(b []byte, c *choice, from, n int) []byte {
	for i := range n {
		b = appendWord(b, c.key, from+i)
	}
	return b
}

func appendLogprob(b []byte, c *choice, index int) []byte {
	return strconv.AppendFloat(b, float64(wordLogprobMilli(c.key, index))/1000, 'f', 3, 64)
}
