package exchange

import (
	"net/http"
	"strings"
	"testing"

	"metron/schema"
)

// TestWordsOfTheServer: where no content is kept only names and figures stay of
// what a server puts beside an answer's text.
func TestWordsOfTheServer(t *testing.T) {
	const secret = "I have a secret plan"
	said := `data: {"id":"` + secret + `","model":"m/x-1:7b","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"` + secret + `"}],` +
		`"timings":{"prompt_n":3,"note":"` + secret + `","list":[1,"` + secret + `"],"` + secret + `":1}}` + "\n\n"
	for _, privacy := range []string{schema.RecordedHash, schema.RecordedLengths, schema.RecordedContent} {
		x := keeping(Keep{Privacy: privacy, MaxBody: 1 << 20}, chatBody)
		header := sse()
		header.Set("Server-Timing", `queue;dur=12.5;desc="`+secret+`", db, `+secret)
		x.Head(200, header, 1100)
		x.Body([]byte(said), 2000, 0)
		x.Body([]byte(`data: {"error":{"message":"`+secret+`","type":"`+secret+`"}}`+"\n\n"), 2000, 0)
		r := x.End(Ending{AtUS: 9000})
		all := strings.Join([]string{r.ResponseID, r.ErrorType, r.ErrorMessage, r.ServerMetrics, strings.Join(r.FinishReasons, " ")}, "|")
		if privacy == schema.RecordedContent {
			if strings.Count(all, secret) < 5 {
				t.Errorf("content keeps %s", all)
			}
			continue
		}
		if strings.Contains(all, "plan") || r.ErrorType != "error" || r.FinishReasons[0] != "other" || r.ResponseModel != "m/x-1:7b" {
			t.Errorf("%s keeps %s, model %s", privacy, all, r.ResponseModel)
		}
		if want := `{"server_timing":"queue;dur=12.5, db","timings":{"list":[1],"prompt_n":3}}`; r.ServerMetrics != want {
			t.Errorf("%s: metrics %s, want %s", privacy, r.ServerMetrics, want)
		}
	}
}

func TestKindOf(t *testing.T) {
	for word, want := range map[string]string{"": "", "invalid_request_error": "invalid_request_error", "Bad Gateway": "Bad Gateway",
		"my secret plan": "error", "plän": "error", strings.Repeat("a", 200): "error"} {
		if got := kindOf(word, new(int64(http.StatusBadGateway))); got != want {
			t.Errorf("kindOf(%q) = %q, want %q", word, got, want)
		}
	}
}

// TestNoLimit: some servers take -1 for it.
func TestNoLimit(t *testing.T) {
	x := keeping(Keep{}, strings.Replace(chatBody, `"model"`, `"max_tokens":-1,"model"`, 1))
	if r := x.Row(); r.MaxTokens != nil {
		t.Errorf("max_tokens %d", *r.MaxTokens)
	}
}
