package replay

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"metron/schema"
)

// TestTokenize asks servers in the form that each takes.
func TestTokenize(t *testing.T) {
	for _, c := range []struct {
		name  string
		field string // that the text stands in
		tell  func(n int) string
		want  int64
	}{
		{"vLLM, SGLang", "prompt", func(n int) string { return fmt.Sprintf(`{"count":%d,"max_model_len":9,"tokens":[1]}`, n) }, 3},
		{"llama.cpp", "content", func(n int) string { return `{"tokens":[` + strings.Repeat("1,", n-1) + `1]}` }, 3},
		{"TGI", "inputs", func(n int) string { return `[{"id":1,"text":"a"}` + strings.Repeat(`,{"id":1}`, n-1) + `]` }, 3},
		{"none", "", nil, -1},
		{"no JSON", "prompt", func(int) string { return `<html>` }, -1},
	} {
		r, _ := runner(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			var body map[string]any
			data, _ := io.ReadAll(q.Body)
			if q.URL.Path != "/tokenize" || json.Unmarshal(data, &body) != nil {
				http.NotFound(w, q)
				return
			}
			text, ok := body[c.field].(string)
			switch {
			case ok:
				io.WriteString(w, c.tell(len(strings.Fields(text))))
			case c.name == "llama.cpp": // it takes any body, and finds no text in it
				io.WriteString(w, `{"tokens":[]}`)
			default:
				http.Error(w, `{"error":"no text"}`, http.StatusUnprocessableEntity)
			}
		}), 0)
		r.client = newClient(schema.NewClock(), false, nil)
		got, err := r.client.tokenize(t.Context(), r.plain(r.Targets[0]), "m", "three words here")
		if err != nil || got != c.want {
			t.Errorf("%s: %d tokens, want %d, %v", c.name, got, c.want, err)
		}
		r.client.close()
	}
}
