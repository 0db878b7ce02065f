package llmsim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// converseRequest is the body of POST /model/MODEL/converse and /converse-stream.
type converseRequest struct {
	System          []json.RawMessage `json:"system"`
	Messages        []converseMessage `json:"messages"`
	InferenceConfig struct {
		MaxTokens *int `json:"maxTokens"`
	} `json:"inferenceConfig"`
}

type converseMessage struct {
	Role    string            `json:"role"`
	Content []json.RawMessage `json:"content"`
}

// bedrock gives the handlers of Bedrock's calls, whose model is in the path.
func (s *Server) bedrock(stream bool, parse func(body []byte, model string, stream bool) (*parsed, *apiError), speak func(*job) dialect) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.generate(func(body []byte) (*parsed, *apiError) { return parse(body, r.PathValue("model"), stream) }, speak, frames())(w, r)
	}
}

func (c Config) parseConverse(body []byte, model string, stream bool) (*parsed, *apiError) {
	var r converseRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, badRequest("", "the request body is not understood: %v", err)
	}
	if len(r.Messages) == 0 {
		return nil, badRequest("messages", "messages is empty: give at least one")
	}
	var messages []message
	if len(r.System) > 0 {
		messages = append(messages, message{Role: "system", Content: geminiContent{Parts: r.System}.text()})
	}
	for i, m := range r.Messages {
		if want := []string{"user", "assistant"}[i%2]; m.Role != want {
			return nil, badRequest("messages", "message %d is the %s's: roles must alternate between user and assistant", i, m.Role)
		}
		messages = append(messages, message{Role: m.Role, Content: geminiContent{Parts: m.Content}.text()})
	}
	return c.parse(sampling{Model: model, MaxTokens: r.InferenceConfig.MaxTokens, Stream: stream}, [][]int64{appendChat(nil, messages, nil)}, false)
}

// parseInvoke understands what Anthropic's models are invoked with.
func (c Config) parseInvoke(body []byte, model string, stream bool) (*parsed, *apiError) {
	p, e := c.parseAnthropic(body)
	if e == nil && model != c.Model {
		_, e = c.parse(sampling{Model: model}, nil, false) // which says so
	}
	if e == nil {
		p.stream = stream
	}
	return p, e
}

// converse is POST /model/MODEL/converse-stream.
type converse struct {
	*job
	started time.Time
}

func newConverse(j *job) dialect { return converse{j, time.Now()} }

func (converse) open(b []byte, _ *choice) []byte {
	return appendFrame(b, "messageStart", []byte(`{"role":"assistant"}`))
}

func (converse) tokens(b []byte, c *choice, n int) []byte {
	text := appendText([]byte(`{"contentBlockIndex":0,"delta":{"text":"`), c, c.sent, n)
	c.sent += n
	return appendFrame(b, "contentBlockDelta", append(text, `"}}`...))
}

func (converse) stopReason(c *choice) string {
	if c.reason == "length" {
		return "max_tokens"
	}
	return "end_turn"
}

func (d converse) finish(b []byte, c *choice) []byte {
	b = appendFrame(b, "contentBlockStop", []byte(`{"contentBlockIndex":0}`))
	b = appendFrame(b, "messageStop", []byte(`{"stopReason":"`+d.stopReason(c)+`"}`))
	return appendFrame(b, "metadata", append(d.appendUsage([]byte{'{'}), '}'))
}

func (converse) end(b []byte) []byte { return b }

// appendUsage appends the counts; the input is what no cache had a part in.
func (d converse) appendUsage(b []byte) []byte {
	u := d.usage()
	for _, f := range []struct {
		name string
		n    int64
	}{
		{`"usage":{"inputTokens":`, int64(u.prompt - u.cached)},
		{`,"cacheReadInputTokens":`, int64(u.cached)},
		{`,"outputTokens":`, int64(u.output)},
		{`,"totalTokens":`, int64(u.prompt + u.output)},
		{`},"metrics":{"latencyMs":`, time.Since(d.started).Milliseconds()},
	} {
		b = strconv.AppendInt(append(b, f.name...), f.n, 10)
	}
	return append(b, '}')
}

func (d converse) whole(b []byte) []byte {
	c := d.choices[0]
	c.sent = c.seq.OutputTokens
	b = appendText(append(b, `{"output":{"message":{"role":"assistant","content":[{"text":"`...), c, 0, c.sent)
	b = append(b, `"}]}},"stopReason":"`+d.stopReason(c)+`",`...)
	return append(d.appendUsage(b), '}')
}
