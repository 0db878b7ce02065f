package llmsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const (
	maxBodyBytes = 64 << 20
	maxChoices   = 128
)

// sampling is what chat completions and completions requests have in common.
// Fields that would only change which words come out (temperature, stop, ...)
// are taken and ignored.
type sampling struct {
	Model         string `json:"model"`
	N             *int   `json:"n"`
	MaxTokens     *int   `json:"max_tokens"`
	MinTokens     int    `json:"min_tokens"`
	IgnoreEOS     bool   `json:"ignore_eos"`
	Seed          int64  `json:"seed"`
	Stream        bool   `json:"stream"`
	StreamOptions *struct {
		IncludeUsage         bool `json:"include_usage"`
		ContinuousUsageStats bool `json:"continuous_usage_stats"`
	} `json:"stream_options"`
}

type chatRequest struct {
	sampling
	Messages            []message       `json:"messages"`
	Tools               json.RawMessage `json:"tools"`
	ToolChoice          json.RawMessage `json:"tool_choice"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	Logprobs            bool            `json:"logprobs"`
}

type textRequest struct {
	sampling
	Prompt   prompts `json:"prompt"`
	Logprobs *int    `json:"logprobs"`
	Echo     bool    `json:"echo"`
}

// prompts is one or several prompts, each a text or token ids, as tokens.
type prompts [][]int64

func (p *prompts) UnmarshalJSON(b []byte) error {
	var texts []string
	switch first := firstInside(b); {
	case b[0] == '"':
		texts = make([]string, 1)
		if err := json.Unmarshal(b, &texts[0]); err != nil {
			return err
		}
	case b[0] != '[':
		return errors.New("prompt must be a string, an array of strings, token ids, or an array of arrays of token ids")
	case first == '"':
		if err := json.Unmarshal(b, &texts); err != nil {
			return fmt.Errorf("prompt is not an array of strings alone: %w", err)
		}
	case first == '[':
		if err := json.Unmarshal(b, (*[][]int64)(p)); err != nil {
			return fmt.Errorf("prompt is not an array of arrays of token ids alone: %w", err)
		}
	default:
		*p = make(prompts, 1)
		if err := json.Unmarshal(b, &(*p)[0]); err != nil {
			return fmt.Errorf("prompt is not an array of token ids alone: %w", err)
		}
	}
	for _, text := range texts {
		*p = append(*p, AppendTokens(nil, text))
	}
	for _, ids := range *p {
		for _, id := range ids {
			if id < 0 {
				return fmt.Errorf("prompt has token id %d, want 0 or more", id)
			}
		}
	}
	return nil
}

// firstInside is the first byte of an array's first element, or 0.
func firstInside(b []byte) byte {
	b = bytes.TrimLeft(b[1:], " \t\r\n")
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// parsed is a request that was understood, in no dialect's terms.
type parsed struct {
	prompts         [][]int64
	n               int // answers to each prompt
	maxTokens       int // 0: up to the model's length
	minTokens       int
	ignoreEOS       bool
	seed            int64
	stream          bool
	includeUsage    bool
	continuousUsage bool
	logprobs        bool
	tool            string // that the answer is a call of; "": it is text
}

// parseChat understands the body of POST /v1/chat/completions.
func (c Config) parseChat(body []byte) (*parsed, *apiError) {
	var r chatRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, badRequest("", "the request body is not understood: %v", err)
	}
	if len(r.Messages) == 0 {
		return nil, badRequest("messages", "messages is empty: give at least one")
	}
	if r.MaxCompletionTokens != nil {
		r.MaxTokens = r.MaxCompletionTokens
	}
	return c.parseCalls(r.sampling, [][]int64{appendChat(nil, r.Messages, r.Tools)}, r.Logprobs, r.Tools, r.ToolChoice)
}

// parseText understands the body of POST /v1/completions.
func (c Config) parseText(body []byte) (*parsed, *apiError) {
	var r textRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, badRequest("", "the request body is not understood: %v", err)
	}
	switch {
	case len(r.Prompt) == 0:
		return nil, badRequest("prompt", "prompt is missing or empty")
	case r.Echo:
		return nil, badRequest("echo", "echo is not simulated")
	}
	if r.MaxTokens == nil {
		r.MaxTokens = new(16) // the API's documented default
	}
	return c.parse(r.sampling, r.Prompt, r.Logprobs != nil)
}

// parseCalls is parse for a request that can demand a tool.
func (c Config) parseCalls(s sampling, prompts [][]int64, logprobs bool, tools, choice json.RawMessage) (*parsed, *apiError) {
	tool, e := demandedTool(tools, choice)
	if e != nil {
		return nil, e
	}
	p, e := c.parse(s, prompts, logprobs)
	if e == nil {
		p.tool = tool
	}
	return p, e
}

func (c Config) parse(s sampling, prompts [][]int64, logprobs bool) (*parsed, *apiError) {
	p := &parsed{
		prompts: prompts, n: 1, minTokens: s.MinTokens, ignoreEOS: s.IgnoreEOS, seed: s.Seed,
		stream: s.Stream, logprobs: logprobs,
	}
	if s.N != nil {
		p.n = *s.N
	}
	if s.MaxTokens != nil {
		p.maxTokens = *s.MaxTokens
	}
	if s.StreamOptions != nil {
		p.includeUsage, p.continuousUsage = s.StreamOptions.IncludeUsage, s.StreamOptions.ContinuousUsageStats
	}
	switch {
	case s.Model != "" && s.Model != c.Model:
		return nil, &apiError{http.StatusNotFound, "invalid_request_error", "model_not_found", "model",
			fmt.Sprintf("the model %q does not exist: this server has %q", s.Model, c.Model)}
	case p.n < 1 || len(prompts) > maxChoices || p.n > maxChoices/max(1, len(prompts)):
		return nil, badRequest("n", "n is %d for %d prompts: want 1 to %d answers together", p.n, len(prompts), maxChoices)
	case s.MaxTokens != nil && p.maxTokens < 1:
		return nil, badRequest("max_tokens", "max_tokens is %d, want 1 or more", p.maxTokens)
	case p.minTokens < 0 || p.maxTokens > 0 && p.minTokens > p.maxTokens:
		return nil, badRequest("min_tokens", "min_tokens is %d, want 0 to max_tokens", p.minTokens)
	case s.StreamOptions != nil && !s.Stream:
		return nil, badRequest("stream_options", "stream_options is only for stream = true")
	}
	for i, ids := range prompts {
		if len(ids) == 0 {
			return nil, badRequest("prompt", "prompt %d is empty", i)
		}
		// The subtraction cannot overflow, the sum could.
		if room := c.MaxModelLen - len(ids); room < max(p.maxTokens, p.minTokens, 1) {
			e := badRequest("messages", "the model's context length is %d tokens, and the request asks for %d in the prompt and %d in the answer",
				c.MaxModelLen, len(ids), max(p.maxTokens, p.minTokens, 1))
			e.Code = "context_length_exceeded"
			return nil, e
		}
	}
	return p, nil
}

// readBody reads a request's body whole, as a server must before it can answer.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *apiError) {
	var b bytes.Buffer
	if n := r.ContentLength; n > 0 && n <= maxBodyBytes {
		b.Grow(int(n) + bytes.MinRead)
	}
	if _, err := io.Copy(&b, http.MaxBytesReader(w, r.Body, maxBodyBytes)); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, &apiError{http.StatusRequestEntityTooLarge, "invalid_request_error", "", "",
				fmt.Sprintf("the request body is longer than %d bytes", maxBodyBytes)}
		}
		return nil, badRequest("", "the request body was not read to its end: %v", err)
	}
	return b.Bytes(), nil
}
