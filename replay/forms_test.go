package replay

import (
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"metron/internal/forms"
	"metron/internal/llmsim"
	"metron/schema"
	"metron/workload"
)

// TestEveryForm replays one trace to the simulator in every form: all is answered,
// prompts and answers are as long as recorded, and rows say what was sent.
func TestEveryForm(t *testing.T) {
	server, err := llmsim.Start(llmsim.Config{Output: llmsim.OutputLengths{MedianTokens: 1000}}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	rows := []schema.Record{
		chatRow(0, func(r *schema.Record) { r.Temperature, r.TopP, r.MaxTokens = new(0.5), new(0.5), new(int64(9)) }),
		chatRow(1000, func(r *schema.Record) { r.Stream = false }),
		contentRow(2000, `{"model":"m","stream":true,"stream_options":{"include_usage":true},"max_tokens":5,"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hello there"}]}`, nil),
		contentRow(3000, `{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]}`,
			func(r *schema.Record) { r.API, r.Path, r.Stream = schema.APIMessages, "/v1/messages", false }),
		contentRow(4000, `{"prompt":[1,2,3],"model":"m","max_tokens":5}`, func(r *schema.Record) { r.API, r.Path, r.Stream = schema.APICompletions, "/v1/completions", false }),
	}
	for _, name := range forms.Names() {
		t.Run(name, func(t *testing.T) {
			f, path := forms.Form(name), filepath.Join(t.TempDir(), "run.parquet")
			r := &Runner{Plan: &Plan{Trace: traceOfRows(t, rows...), Form: f}, Targets: []*url.URL{target}, Prompt: &workload.Prompter{Extensions: true}, Grace: time.Second,
				Changes: Changes{Model: "metron-sim"},
				Out:     func(m schema.Meta) (*schema.Writer, error) { return schema.Create(path, m) }}
			s, err := r.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if s.Outcomes[schema.OutcomeOK] != int64(len(rows)) || s.OutputLengthMismatch > 0 {
				t.Errorf("%+v", s)
			}
			got, _ := rowsOf(t, path)
			for i, row := range got {
				streamed := rows[i].Stream
				if row.API != f.API() || row.Stream != streamed || row.SourceRecordID != rows[i].RecordID || *row.OutputTokens != 5 || *row.ExpectedOutputTokens != 5 {
					t.Errorf("row %d: %+v", i, row)
				}
				if i < 2 && *row.InputTokens != 20 {
					t.Errorf("row %d: %d tokens in the prompt", i, *row.InputTokens)
				}
				if streamed != (len(row.ChunkKind) > 0) {
					t.Errorf("row %d, stream %v, has %d chunks", i, streamed, len(row.ChunkKind))
				}
			}
			translated := int64(2)
			if f == schema.APIChat || f == schema.APIMessages {
				translated = 1
			}
			if f == schema.APICompletions { // that with token ids is in its own form
				if s.Translated != 2 || len(s.MadeUp) > 0 {
					t.Errorf("%+v", s)
				}
			} else if s.Translated != translated || s.MadeUp["prompt is token ids"] != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// asked keeps what reaches a server.
type asked struct {
	mu   sync.Mutex
	urls []string
	body []string
	head []http.Header
}

func (a *asked) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.urls, a.body, a.head = append(a.urls, req.RequestURI), append(a.body, string(body)), append(a.head, req.Header.Clone())
	io.WriteString(w, `{}`)
}

func TestTranslation(t *testing.T) {
	body := `{"model":"m","stream":true,"max_tokens":7,"logit_bias":{},"seed":3,"messages":[{"role":"user","content":"hi"}]}`
	var a asked
	r, path := runner(t, &a, 0)
	r.Plan.Form, r.Key = schema.APIMessages, "our-key"
	r.Changes = Changes{Models: map[string]string{"m": "claude"}, Fields: []Field{{"top_k", []byte("5")}}}
	other := contentRow(1000, body, func(r *schema.Record) { r.API, r.Path = schema.APIOther, "/health" })
	row := contentRow(0, body, func(r *schema.Record) {
		r.RequestHeaders = `{"User-Agent":["sdk"],"Accept":["*/*"],"Openai-Organization":["o"]}`
	})
	r.Plan.Trace, r.NoProbe = traceOfRows(t, row, other), true
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"model":"claude","messages":[{"role":"user","content":"hi"}],"max_tokens":7,"stream":true,"top_k":5}`
	if len(a.urls) != 1 || a.urls[0] != "/v1/messages" || a.body[0] != want {
		t.Errorf("%v %s", a.urls, a.body)
	}
	h := a.head[0]
	if h.Get("User-Agent") != "sdk" || h.Get("Accept") != "" || h.Get("Openai-Organization") != "" || h.Get("X-Api-Key") != "our-key" || h.Get("Anthropic-Version") == "" {
		t.Errorf("header %v", h)
	}
	if s.Skipped != 1 || s.Translated != 1 || s.Without["seed"] != 1 || s.Without["logit_bias"] != 1 || len(s.Without) != 2 {
		t.Errorf("%+v", s)
	}
	var text strings.Builder
	if err := s.WriteText(&text); err != nil || !strings.Contains(text.String(), "1 without logit_bias") {
		t.Errorf("%v\n%s", err, text.String())
	}
	if rows, _ := rowsOf(t, path); rows[0].API != schema.APIMessages || rows[0].Path != "/v1/messages" || rows[0].RequestModel != "claude" {
		t.Errorf("%+v", rows[0])
	}
}

// TestPathsAreChanged where an API names the model there, or streams by it, and nothing
// else of a recorded request is.
func TestPathsAreChanged(t *testing.T) {
	for _, c := range []struct {
		name, api, path string
		changes         Changes
		want            string
	}{
		{"as it was", schema.APIGemini, "/v1beta/models/a:streamGenerateContent", Changes{}, "/v1beta/models/a:streamGenerateContent?alt=sse"},
		{"a model", schema.APIGemini, "/v1beta/models/a:generateContent", Changes{Models: map[string]string{"a": "b"}}, "/v1beta/models/b:generateContent"},
		{"another's model", schema.APIGemini, "/v1beta/models/a:generateContent", Changes{Models: map[string]string{"x": "b"}}, "/v1beta/models/a:generateContent"},
		{"a stream", schema.APIGemini, "/v1beta/models/a:generateContent", Changes{Stream: true}, "/v1beta/models/a:streamGenerateContent?alt=sse"},
		{"an ARN", schema.APIBedrock, "/model/a/converse", Changes{Model: "arn:aws:b/c"}, "/model/arn:aws:b%2Fc/converse"},
		{"a recorded ARN", schema.APIBedrock, "/model/arn:aws:b/c/converse", Changes{}, "/model/arn:aws:b%2Fc/converse"},
		{"an endpoint", schema.APISageMaker, "/endpoints/a/invocations", Changes{Model: "b"}, "/endpoints/b/invocations"},
		{"none in the path", schema.APITGIGenerate, "/generate", Changes{Model: "b"}, "/generate"},
		{"one without a form", schema.APIOther, "/score", Changes{Model: "b"}, "/score"},
		{"one without a body", schema.APIOther, "/health", Changes{Model: "b"}, "/health"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a asked
			r, _ := runner(t, &a, 0)
			r.Changes, r.NoProbe = c.changes, true
			said := forms.Form(c.api)
			r.Plan.Trace = traceOfRows(t, contentRow(0, `{ "x" : 1 }`, func(r *schema.Record) {
				r.API, r.Path, r.RequestModel, r.Stream = c.api, c.path, "a", strings.Contains(c.path, "stream")
				if c.path == "/health" {
					r.RequestBody = nil
				}
			}))
			if _, err := r.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(a.urls) != 1 || a.urls[0] != c.want || !said.StreamInBody() && c.path != "/health" && a.body[0] != `{ "x" : 1 }` {
				t.Errorf("%v %s, want %s", a.urls, a.body, c.want)
			}
		})
	}
}

// TestMadeUpPaths: rows without content go where their form goes.
func TestMadeUpPaths(t *testing.T) {
	for _, c := range []struct {
		form      forms.Form // asked for
		api, path string
		model     string
		want      string
		inBody    string
	}{
		{"", schema.APIBedrock, "/model/anthropic.c/invoke", "anthropic.c", "/model/anthropic.c/invoke", "anthropic_version"},
		{"", schema.APIBedrock, "/model/meta.l/invoke", "meta.l", "/model/meta.l/converse", "inferenceConfig"},
		{schema.APIBedrock, schema.APIBedrock, "/model/anthropic.c/invoke", "anthropic.c", "/model/anthropic.c/converse", "inferenceConfig"},
		{forms.BedrockInvoke, schema.APIBedrock, "/model/anthropic.c/converse", "anthropic.c", "/model/anthropic.c/invoke", "anthropic_version"},
		{"", schema.APISageMaker, "/invocations", "", "/invocations", "messages"},
		{forms.SageMakerTGI, schema.APISageMaker, "/endpoints/e/invocations", "e", "/endpoints/e/invocations", "inputs"},
	} {
		var a asked
		r, _ := runner(t, &a, 0)
		r.Plan.Form, r.NoProbe, r.Prompt = c.form, true, &workload.Prompter{}
		r.Plan.Trace = traceOfRows(t, chatRow(0, func(r *schema.Record) { r.API, r.Path, r.RequestModel, r.Stream = c.api, c.path, c.model, false }))
		if _, err := r.Run(t.Context()); err != nil {
			t.Errorf("%+v: %v", c, err)
		} else if len(a.urls) != 1 || a.urls[0] != c.want || !strings.Contains(a.body[0], c.inBody) {
			t.Errorf("%+v: %v %s", c, a.urls, a.body)
		}
	}
	r, _ := runner(t, &asked{}, 0)
	r.Plan.Form, r.NoProbe, r.Prompt = schema.APIGemini, true, &workload.Prompter{}
	r.Plan.Trace = traceOfRows(t, chatRow(0, func(r *schema.Record) { r.API, r.Path, r.RequestModel = schema.APITGIGenerate, "/generate", "" }))
	if _, err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "model") {
		t.Errorf("without a model: %v", err)
	}
}
