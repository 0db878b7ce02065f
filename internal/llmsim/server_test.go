package llmsim

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T, c Config) *Server {
	t.Helper()
	s, err := Start(c, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// post sends a request; a hanging server fails the test instead of blocking it.
func post(t *testing.T, s *Server, path, body string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

const hello = `"messages":[{"role":"user","content":"hello world"}]` // 2+4+3 tokens

func TestOtherEndpoints(t *testing.T) {
	s := start(t, Config{Model: "m\"1", MaxModelLen: 500})
	get := func(path string) (int, string) {
		t.Helper()
		r, err := http.Get(s.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	if status, body := get("/health"); status != 200 || body != "" {
		t.Errorf("/health: %d %q", status, body)
	}
	if status, body := get("/v1/models"); status != 200 || !strings.Contains(body, `"id":"m\"1"`) || !strings.Contains(body, `"max_model_len":500`) {
		t.Errorf("/v1/models: %d %s", status, body)
	}
	if status, body := get("/v1/nothing"); status != 404 || !strings.Contains(body, "GET /v1/nothing") {
		t.Errorf("/v1/nothing: %d %s", status, body)
	}

	tests := []struct {
		path, body string
		status     int
		want       string
	}{
		{"/tokenize", `{"prompt":"ab 12"}`, 200, `{"count":3,"max_model_len":500,"tokens":[`},
		{"/tokenize", `{"prompt":""}`, 200, `{"count":0,"max_model_len":500,"tokens":[]}`},
		{"/tokenize", `{` + hello + `}`, 200, `{"count":9,`},
		{"/tokenize", `{}`, 400, "both missing"},
		{"/tokenize", `{"prompt":"a","messages":[]}`, 400, "not both"},
		{"/tokenize", `nonsense`, 400, "not understood"},
		{"/v1/chat/completions", `{"model":"x",` + hello + `}`, 404, `"code":"model_not_found"`},
		{"/v1/chat/completions", `{"max_tokens":600,` + hello + `}`, 400, `"code":"context_length_exceeded"`},
		{"/v1/chat/completions", `{"model":"m\"1","max_tokens":1,` + hello + `}`, 200, `"model":"m\"1"`},
		{"/v1/completions", `{"prompt":`, 400, `"type":"invalid_request_error"`},
	}
	for _, tt := range tests {
		r := post(t, s, tt.path, tt.body)
		b, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != tt.status || !strings.Contains(string(b), tt.want) || !json.Valid(b) {
			t.Errorf("%s %s: %d %s %v; want %d ... %s ...", tt.path, tt.body, r.StatusCode, b, err, tt.status, tt.want)
		}
	}
}

func TestTokenizeIsWhatUsageCounts(t *testing.T) {
	s := start(t, Config{})
	const text = "It's 12345 o'clock — naïve   internationalization\n"
	quoted := string(quote(text))
	var tokenized struct {
		Count  int
		Tokens []int64
	}
	if err := json.NewDecoder(post(t, s, "/tokenize", `{"prompt":`+quoted+`}`).Body).Decode(&tokenized); err != nil {
		t.Fatal(err)
	}
	ids, err := json.Marshal(tokenized.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	for _, prompt := range []string{quoted, string(ids)} {
		var e event
		if err := json.NewDecoder(post(t, s, "/v1/completions", `{"max_tokens":1,"prompt":`+prompt+`}`).Body).Decode(&e); err != nil {
			t.Fatal(err)
		}
		if e.Usage.PromptTokens != tokenized.Count {
			t.Errorf("usage counts %d prompt tokens, /tokenize %d", e.Usage.PromptTokens, tokenized.Count)
		}
	}
	var back struct{ Prompt string }
	if err := json.NewDecoder(post(t, s, "/detokenize", `{"tokens":`+string(ids)+`}`).Body).Decode(&back); err != nil || back.Prompt != text {
		t.Errorf("/detokenize gives %q, %v", back.Prompt, err)
	}
}

func TestAPIKey(t *testing.T) {
	s := start(t, Config{APIKey: "k1"})
	for key, want := range map[string]int{"": 401, "Bearer k2": 401, "k1": 401, "Bearer k1": 200} {
		r, err := http.NewRequest(http.MethodGet, s.URL()+"/v1/models", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", key)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("key %q: status %d, want %d", key, response.StatusCode, want)
		}
	}
	r, err := http.Get(s.URL() + "/health")
	if err != nil || r.StatusCode != 200 {
		t.Fatalf("/health needs no key: %v %v", r, err)
	}
	r.Body.Close()
}

func TestStartRefusesWhatCannotWork(t *testing.T) {
	for _, c := range []Config{
		{MaxModelLen: 1}, {TokensPerChunk: -1}, {Keepalive: -1}, {QueueFullStatus: 200},
		{Faults: Faults{Cut: 0.6, Reset: 0.6}}, {Faults: Faults{Cut: -1}}, {Faults: Faults{HTTPStatus: 200}},
		{Faults: Faults{StallFor: -1}}, {Output: OutputLengths{Sigma: -1}}, {Engine: EngineConfig{MaxBatch: -1}},
	} {
		if s, err := New(c); err == nil {
			s.Close()
			t.Errorf("New(%+v) gave no error", c)
		}
	}
	if _, err := Start(Config{}, "127.0.0.1:nonsense"); err == nil {
		t.Error("a nonsense address gave no error")
	}
}
