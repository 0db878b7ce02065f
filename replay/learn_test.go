package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"metron/internal/forms"
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

// TestSlowToTell: a target that takes too long over a question does not tell; whoever
// ends the run is obeyed.
func TestSlowToTell(t *testing.T) {
	r, _ := runner(t, http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		io.Copy(io.Discard, q.Body) // or the server does not see that the client leaves
		<-q.Context().Done()
	}), 0)
	r.client, r.Timeout = newClient(schema.NewClock(), false, nil), 20*time.Millisecond
	defer r.client.close()
	row := chatRow(0, nil)
	body := []byte(`{"model":"m","messages":[]}`)
	if n, err := r.countPrompt(t.Context(), r.Targets[0], &row, body); n >= 0 || err != nil {
		t.Errorf("%d tokens, %v", n, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := r.countPrompt(ctx, r.Targets[0], &row, body); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if _, err := r.client.tokenize(ctx, r.plain(r.Targets[0]), "m", "text"); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// pupil keeps what it could learn from.
type pupil struct {
	fixedPrompt
	models map[string]string // by API
}

func (p pupil) Learn(_ context.Context, rows []*schema.Record, _ func(context.Context, *schema.Record, []byte) (int64, error),
	_ func(context.Context, *schema.Record, string) (int64, error)) ([]string, error) {
	for _, r := range rows {
		p.models[r.API] = r.RequestModel
	}
	return nil, nil
}

// TestModels: each API is tried with a model of its own rows, whatever the first row is,
// and the target is asked for one if any row names none.
func TestModels(t *testing.T) {
	of := func(api, model string) schema.Record {
		return chatRow(1000, func(r *schema.Record) {
			if r.API, r.RequestModel = api, model; api != schema.APIChat {
				r.Path = forms.Form(api).Path("m", true)
			}
		})
	}
	recorded := func(api, path, model string) schema.Record {
		return contentRow(0, `{"model":"`+model+`"}`, func(r *schema.Record) { r.API, r.Path, r.RequestModel = api, path, model })
	}
	for _, c := range []struct {
		name string
		rows []schema.Record
		want string
	}{
		{"none is named", []schema.Record{of(schema.APIChat, "")}, "map[openai.chat:test-model]"},
		{"by some", []schema.Record{recorded(schema.APIChat, "/v1/chat/completions", "a"), of(schema.APIChat, "")}, "map[openai.chat:test-model]"},
		{"by the second", []schema.Record{of(schema.APIChat, ""), of(schema.APIChat, "b")}, "map[openai.chat:b]"},
		{"after a list of models", []schema.Record{recorded(schema.APIOther, "/v1/models", ""), of(schema.APIChat, "b")}, "map[openai.chat:b]"},
		{"after embeddings", []schema.Record{recorded(schema.APIEmbeddings, "/v1/embeddings", "e"), of(schema.APIChat, "b")}, "map[openai.chat:b]"},
		{"of several APIs", []schema.Record{of(schema.APIChat, "a"), of(schema.APIMessages, "b")}, "map[anthropic.messages:b openai.chat:a]"},
	} {
		r, _ := runner(t, chat(5))
		p := pupil{models: map[string]string{}}
		r.Plan.Trace, r.Prompt = traceOfRows(t, c.rows...), p
		if _, err := r.Run(t.Context()); err != nil || fmt.Sprint(p.models) != c.want {
			t.Errorf("%s: %v, %v", c.name, p.models, err)
		}
	}
}
