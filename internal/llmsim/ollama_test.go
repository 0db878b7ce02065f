package llmsim

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"metron/internal/wire"
)

// ollamaLine is a line of a test's stream.
type ollamaLine struct {
	Model   string
	Message struct{ Role, Content string }
	Done    bool
	Reason  string `json:"done_reason"`
	Total   int64  `json:"total_duration"`
	Prefill int64  `json:"prompt_eval_duration"`
	Eval    int64  `json:"eval_duration"`
	Prompt  int    `json:"prompt_eval_count"`
	Count   int    `json:"eval_count"`
	Error   string
}

// ollamaLines reads a stream to its end, and how it ended.
func ollamaLines(t *testing.T, r *http.Response) (all []ollamaLine, end error) {
	t.Helper()
	body, end := io.ReadAll(r.Body)
	for line := range strings.Lines(string(body)) {
		var l ollamaLine
		if err := json.Unmarshal([]byte(line), &l); err != nil || !strings.HasSuffix(line, "\n") {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, l)
	}
	return all, end
}

func TestOllamaChat(t *testing.T) {
	s := start(t, Config{Model: `m"1`, Output: OutputLengths{MedianTokens: 1000}, Engine: EngineConfig{Cost: Cost{PrefillUS: 2000}}})
	body := `{"model":"m\"1",` + hello + `,"options":{"num_predict":5,"seed":3}`
	r := post(t, s, "/api/chat", body+`}`)
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("status %d, content type %q", r.StatusCode, r.Header.Get("Content-Type"))
	}
	lines, err := ollamaLines(t, r)
	if err != nil || len(lines) != 6 {
		t.Fatalf("%d lines, %v; want 5 and a last one", len(lines), err)
	}
	content := ""
	for i, l := range lines {
		last := i == len(lines)-1
		if l.Model != `m"1` || l.Message.Role != "assistant" || l.Done != last || (l.Message.Content == "") != last {
			t.Errorf("line %d: %+v", i, l)
		}
		content += l.Message.Content
	}
	l := lines[5]
	if l.Reason != "length" || l.Prompt != 9 || l.Count != 5 || CountTokens(content) != 5 {
		t.Errorf("%q ends with %+v", content, l)
	}
	if prefill := (2 * time.Millisecond).Nanoseconds(); l.Prefill < prefill || l.Eval < 0 || l.Total < l.Prefill+l.Eval {
		t.Errorf("durations of %+v, the prompt takes %d ns", l, prefill)
	}

	// Not streamed, the same question has the same answer.
	r = post(t, s, "/api/chat", body+`,"stream":false}`)
	var whole ollamaLine
	if err := json.NewDecoder(r.Body).Decode(&whole); err != nil {
		t.Fatal(err)
	}
	if whole.Message.Content != content || !whole.Done || whole.Reason != "length" || whole.Count != 5 || whole.Total <= 0 ||
		!strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		t.Errorf("not streamed: %+v, want %q", whole, content)
	}
}

func TestOllamaErrors(t *testing.T) {
	ask := `{` + hello + `,"options":{"num_predict":10}`
	for _, tt := range []struct {
		name   string
		config Config
		body   string
		status int
		want   string
	}{
		{"no messages", Config{}, `{}`, 400, "messages is empty"},
		{"not JSON", Config{}, `{`, 400, "not understood"},
		{"another model", Config{}, `{"model":"x",` + hello + `}`, 404, `"x" does not exist`},
		{"images", Config{}, `{"messages":[{"role":"user","content":"a","images":["aGk="]}]}`, 400, "only text"},
		{"too long", Config{MaxModelLen: 12}, ask + `}`, 400, "context length"},
		{"an injected error", Config{Faults: Faults{HTTPError: 1, HTTPStatus: 503}}, ask + `}`, 503, "an injected fault"},
		{"one instead of a document", Config{Faults: Faults{StreamError: 1}}, ask + `,"stream":false}`, 500, "an injected fault"},
	} {
		r := post(t, start(t, tt.config), "/api/chat", tt.body)
		var e ollamaLine
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil || r.StatusCode != tt.status || !strings.Contains(e.Error, tt.want) {
			t.Errorf("%s: status %d, %q, %v; want %d and %q", tt.name, r.StatusCode, e.Error, err, tt.status, tt.want)
		}
	}
}

// TestOllamaDecodes: what is served is what the decoder of captures reads.
func TestOllamaDecodes(t *testing.T) {
	for _, tt := range []struct {
		name             string
		config           Config
		fields           string
		source           string
		content, tokens  int // events; tokens in them, 0: not known
		terminal, failed bool
	}{
		{"stream", Config{}, ``, "usage", 8, 0, true, false},
		{"logprobs", Config{}, `,"logprobs":true`, "logprobs", 8, 8, true, false},
		{"three tokens a line", Config{TokensPerChunk: 3}, `,"logprobs":true`, "logprobs", 3, 8, true, false},
		{"document", Config{}, `,"stream":false`, "usage", 0, 0, true, false},
		{"nothing keeps it alive", Config{Keepalive: time.Millisecond, Engine: EngineConfig{Cost: Cost{PrefillUS: 20_000}}}, ``, "usage", 8, 0, true, false},
		{"stream error", Config{Faults: Faults{StreamError: 1}}, ``, "chunks", -1, 0, false, true},
		{"truncated", Config{Faults: Faults{Truncate: 1}}, ``, "chunks", -1, 0, false, false},
	} {
		tt.config.Output.MedianTokens = 1000
		body := `{` + hello + `,"options":{"num_predict":8}` + tt.fields + `}`
		r := post(t, start(t, tt.config), "/api/chat", body)
		d := wire.NewDecoder(wire.ParseRequest("POST", "/api/chat", []byte(body)), r.StatusCode, r.Header)
		answer, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		d.Feed(answer, 1, 0)
		got := d.Finish()
		content, tokens := 0, int32(0)
		for i, k := range got.Kind {
			switch k {
			case wire.Content:
				content++
			case wire.Ping, wire.Other:
				t.Errorf("%s: event %d is of kind %d", tt.name, i, k)
			}
		}
		for _, n := range got.Tokens {
			tokens += n
		}
		if tt.content < 0 { // the fault strikes inside
			tt.content = min(max(content, 1), 7)
		}
		if content != tt.content || int(tokens) != tt.tokens || got.TokenSource != tt.source || got.Terminal != tt.terminal || got.Failed != tt.failed {
			t.Errorf("%s: %d content events, %d tokens from %s, terminal %v, failed %v; want %+v",
				tt.name, content, tokens, got.TokenSource, got.Terminal, got.Failed, tt)
		}
		if tt.terminal && (*got.OutputTokens != 8 || *got.InputTokens != 9 || got.FinishReasons[0] != "length" || !strings.Contains(got.ServerMetrics, "total_duration")) {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}
