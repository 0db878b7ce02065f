package llmsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// tgiRequest is the body of POST /generate and /generate_stream.
type tgiRequest struct {
	Inputs     string `json:"inputs"`
	Stream     bool   `json:"stream"` // of a container at SageMaker
	Parameters struct {
		MaxNewTokens *int  `json:"max_new_tokens"`
		Seed         int64 `json:"seed"`
	} `json:"parameters"`
}

func (c Config) parseTGI(body []byte) (*parsed, *apiError)       { return c.parseInputs(body, false) }
func (c Config) parseTGIStream(body []byte) (*parsed, *apiError) { return c.parseInputs(body, true) }

func (c Config) parseInputs(body []byte, stream bool) (*parsed, *apiError) {
	var r tgiRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, badRequest("", "the request body is not understood: %v", err)
	}
	if r.Inputs == "" {
		return nil, badRequest("inputs", "inputs is missing or empty")
	}
	s := sampling{MaxTokens: r.Parameters.MaxNewTokens, Seed: r.Parameters.Seed, Stream: stream || r.Stream}
	if s.MaxTokens == nil {
		s.MaxTokens = new(100) // the server's default
	}
	return c.parse(s, [][]int64{AppendTokens(nil, r.Inputs)}, false)
}

// dataLines is how TGI does it.
func dataLines() protocol {
	return protocol{
		contentType: "text/event-stream",
		failure: func(e *apiError) []byte {
			kind := "generation"
			switch {
			case e.Status == http.StatusTooManyRequests:
				kind = "overloaded"
			case e.Status < 500:
				kind = "validation"
			}
			b := append([]byte(`{"error":`), quote(e.Message)...)
			return append(b, `,"error_type":"`+kind+`"}`...)
		},
		broken: func(body []byte) []byte { return slices.Concat([]byte("data:"), body, []byte("\n\n")) },
	}
}

// tgi is POST /generate_stream: an event a token, the last one with the whole text.
// An answer that ends by itself has a token more for that, which no client shows.
type tgi struct{ *job }

func newTGI(j *job) dialect { return tgi{j} }

func (tgi) open(b []byte, _ *choice) []byte { return b }

func (d tgi) tokens(b []byte, c *choice, n int) []byte {
	for range n {
		b = appendTGIToken(append(b, "data:"...), c, c.sent)
		b = appendWord(append(b, `,"text":"`...), c.key, c.sent)
		b = append(b, `","logprob":`...)
		b = append(appendLogprob(b, c, c.sent), `,"special":false}`...)
		if c.sent++; c.sent == c.seq.OutputTokens && c.reason == "length" {
			b = d.appendEnd(b, c)
		} else {
			b = append(b, `,"generated_text":null,"details":null}`...)
		}
		b = append(b, "\n\n"...)
	}
	return b
}

// appendTGIToken opens an event and its token, up to the token's text.
func appendTGIToken(b []byte, c *choice, index int) []byte {
	b = strconv.AppendInt(append(b, `{"index":`...), int64(index+1), 10)
	return strconv.AppendUint(append(b, `,"token":{"id":`...), mix(c.key+uint64(index))%100_000, 10)
}

func (d tgi) finish(b []byte, c *choice) []byte {
	if c.reason == "length" {
		return b
	}
	b = appendTGIToken(append(b, "data:"...), c, c.sent)
	b = append(b, `,"text":"</s>","logprob":-0.01,"special":true}`...)
	return append(d.appendEnd(b, c), "\n\n"...)
}

func (tgi) end(b []byte) []byte { return b }

// appendEnd appends the whole text and the counts, and closes the object.
func (d tgi) appendEnd(b []byte, c *choice) []byte {
	b = appendText(append(b, `,"generated_text":"`...), c, 0, c.seq.OutputTokens)
	return append(d.appendDetails(append(b, `",`...), c), '}')
}

func (d tgi) appendDetails(b []byte, c *choice) []byte {
	reason := "length"
	if c.reason == "stop" {
		reason = "eos_token"
	}
	b = append(b, `"details":{"finish_reason":"`+reason+`","generated_tokens":`...)
	b = strconv.AppendInt(b, int64(c.seq.OutputTokens), 10)
	b = append(b, `,"seed":null,"input_length":`...)
	return append(strconv.AppendInt(b, int64(c.seq.PromptTokens), 10), '}')
}

func (d tgi) whole(b []byte) []byte {
	c := d.choices[0]
	c.sent = c.seq.OutputTokens
	b = appendText(append(b, `{"generated_text":"`...), c, 0, c.seq.OutputTokens)
	return append(d.appendDetails(append(b, `",`...), c), '}')
}
