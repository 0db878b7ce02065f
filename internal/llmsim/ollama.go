package llmsim

import (
	"encoding/json"
	"strconv"
	"time"
)

// ollamaRequest is the body of POST /api/chat.
type ollamaRequest struct {
	Model    string `json:"model"`
	Messages []struct {
		message
		Images []json.RawMessage `json:"images"`
	} `json:"messages"`
	Tools    json.RawMessage `json:"tools"`
	Stream   *bool           `json:"stream"`
	Logprobs bool            `json:"logprobs"`
	Options  struct {
		NumPredict int   `json:"num_predict"`
		Seed       int64 `json:"seed"`
	} `json:"options"`
}

// parseOllama understands the body of POST /api/chat.
func (c Config) parseOllama(body []byte) (*parsed, *apiError) {
	var r ollamaRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, badRequest("", "the request body is not understood: %v", err)
	}
	if len(r.Messages) == 0 {
		return nil, badRequest("messages", "messages is empty: give at least one")
	}
	messages := make([]message, len(r.Messages))
	for i, m := range r.Messages {
		if len(m.Images) > 0 {
			return nil, badRequest("messages", "message %d has images: only text is simulated", i)
		}
		messages[i] = m.message
	}
	return c.parse(r.sampling(), [][]int64{appendChat(nil, messages, r.Tools)}, r.Logprobs)
}

// ollamaTextRequest is the body of POST /api/generate.
type ollamaTextRequest struct {
	ollamaRequest
	System string            `json:"system"`
	Prompt string            `json:"prompt"`
	Images []json.RawMessage `json:"images"`
}

// parseOllamaText understands the body of POST /api/generate: one turn of a chat.
func (c Config) parseOllamaText(body []byte) (*parsed, *apiError) {
	var r ollamaTextRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, badRequest("", "the request body is not understood: %v", err)
	}
	switch {
	case r.Prompt == "":
		return nil, badRequest("prompt", "prompt is missing or empty")
	case len(r.Images) > 0:
		return nil, badRequest("images", "images are given: only text is simulated")
	}
	var messages []message
	if r.System != "" {
		messages = append(messages, message{Role: "system", Content: content(r.System)})
	}
	messages = append(messages, message{Role: "user", Content: content(r.Prompt)})
	return c.parse(r.sampling(), [][]int64{appendChat(nil, messages, nil)}, r.Logprobs)
}

// sampling is what it says in OpenAI's terms. It streams unless it is told not
// to; num_predict below 1 is no limit.
func (r *ollamaRequest) sampling() sampling {
	s := sampling{Model: r.Model, Seed: r.Options.Seed, Stream: r.Stream == nil || *r.Stream}
	if n := r.Options.NumPredict; n > 0 {
		s.MaxTokens = &n
	}
	return s
}

// objectLines is how Ollama's API does it.
func objectLines() protocol {
	return protocol{
		contentType: "application/x-ndjson",
		failure:     func(e *apiError) []byte { return append(append([]byte(`{"error":`), quote(e.Message)...), '}') },
		broken:      func(body []byte) []byte { return append(body, '\n') },
	}
}

// ollama is POST /api/chat and /api/generate. Its last line tells how long the answer took by
// the clock of its handler.
type ollama struct {
	*job
	head    []byte // of every line, up to the text
	tail    string // what closes the text
	started time.Time
	first   time.Time // when the first token was written; zero where all came at once
}

func newOllama(j *job) dialect {
	return newOllamaLines(j, `"message":{"role":"assistant","content":"`, `"}`)
}

func newOllamaText(j *job) dialect { return newOllamaLines(j, `"response":"`, `"`) }

func newOllamaLines(j *job, before, after string) dialect {
	head := append([]byte(`{"model":`), quote(j.model)...)
	head = append(head, `,"created_at":"`...)
	head = time.Unix(j.created, 0).UTC().AppendFormat(head, time.RFC3339)
	head = append(head, `",`+before...)
	return &ollama{job: j, head: head, tail: after, started: time.Now()}
}

// open writes nothing: every line has the role.
func (d *ollama) open(b []byte, _ *choice) []byte {
	d.first = time.Now()
	return b
}

func (d *ollama) tokens(b []byte, c *choice, n int) []byte {
	b = append(b, d.head...)
	b = appendText(b, c, c.sent, n)
	b = append(b, d.tail...)
	b = d.appendLogprobs(b, c, n)
	c.sent += n
	return append(b, `,"done":false}`+"\n"...)
}

func (d *ollama) finish(b []byte, c *choice) []byte {
	b = append(b, d.head...)
	b = append(b, d.tail...)
	return append(d.appendEnd(b, c), '\n')
}

// end is empty: the line of the one choice was the last.
func (d *ollama) end(b []byte) []byte { return b }

func (d *ollama) whole(b []byte) []byte {
	c := d.choices[0]
	n := c.seq.OutputTokens
	b = append(b, d.head...)
	b = appendText(b, c, c.sent, n)
	b = append(b, d.tail...)
	b = d.appendLogprobs(b, c, n)
	c.sent = n
	return d.appendEnd(b, c)
}

// appendLogprobs appends those of the n tokens after c.sent, if they were asked
// for.
func (d *ollama) appendLogprobs(b []byte, c *choice, n int) []byte {
	if !d.logprobs {
		return b
	}
	b = append(b, `,"logprobs":[`...)
	b = appendTokenLogprobs(b, c, n)
	return append(b, ']')
}

// appendEnd appends what the last line alone has, and closes it.
func (d *ollama) appendEnd(b []byte, c *choice) []byte {
	b = append(b, `,"done":true,"done_reason":"`+c.reason+`"`...)
	number := func(name string, n int64) {
		b = append(b, `,"`+name+`":`...)
		b = strconv.AppendInt(b, n, 10)
	}
	now := time.Now()
	number("total_duration", now.Sub(d.started).Nanoseconds())
	number("prompt_eval_count", int64(c.seq.PromptTokens))
	number("eval_count", int64(c.sent))
	if !d.first.IsZero() {
		number("prompt_eval_duration", d.first.Sub(d.started).Nanoseconds())
		number("eval_duration", now.Sub(d.first).Nanoseconds())
	}
	return append(b, '}')
}
