package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func ollamaRequest(api string) Request { return Request{API: api, Stream: true, ChoiceCount: 1} }

func TestOllamaRequests(t *testing.T) {
	for _, test := range []struct {
		name, path, body string
		want             Request
	}{
		{"chat", "/api/chat",
			`{"model":"m:8b","messages":[{"role":"user","content":"hi","images":["aGk=","aGk="]},{"role":"user","content":"x","images":null}],"tools":[{},{}],
			  "format":"json","options":{"num_predict":12,"temperature":0.5,"top_p":0.9,"top_k":40,"seed":-7,"num_ctx":4096}}`,
			Request{API: apiOllamaChat, Model: "m:8b", Stream: true, MaxTokens: new(int64(12)), Temperature: new(0.5), TopP: new(0.9),
				TopK: new(int64(40)), Seed: new(int64(-7)), ResponseFormat: "json", ToolCount: 2, ImageCount: 2}},
		{"generate", "/ollama/api/generate?x=1", `{"model":"m","prompt":"hi","images":["a"],"format":{"type":"object"},"stream":true}`,
			Request{API: apiOllamaGenerate, Model: "m", Stream: true, ResponseFormat: "json_schema", ImageCount: 1}},
		{"not streamed", "/api/chat/", `{"model":"m","stream":false}`, Request{API: apiOllamaChat, Model: "m"}},
		{"null is the default", "/api/chat", `{"stream":null,"options":null,"format":null,"tools":null,"messages":null}`, Request{API: apiOllamaChat, Stream: true}},
		{"no limit", "/api/chat", `{"options":{"num_predict":-1}}`, Request{API: apiOllamaChat, Stream: true}},
		{"no limit at all", "/api/chat", `{"options":{"num_predict":0,"temperature":0}}`,
			Request{API: apiOllamaChat, Stream: true, MaxTokens: new(int64(0)), Temperature: new(0.0)}},
		{"cut short", "/api/generate", `{"model":"m","prompt":"`, Request{API: apiOllamaGenerate, Model: "m", Stream: true}},
		{"nothing", "/api/generate", ``, Request{API: apiOllamaGenerate, Stream: true}},
		{"embeddings", "/api/embed", `{"model":"m","input":"x"}`, Request{API: apiEmbeddings, Model: "m"}},
	} {
		test.want.ChoiceCount = 1
		if got := ParseRequest("POST", test.path, []byte(test.body)); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %s, want %s", test.name, asJSON(got), asJSON(test.want))
		}
	}
}

// ollamaSamples are lines written by hand: one for each rule, and some that
// break them.
func ollamaSamples() []string {
	return []string{
		`{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"a"},"done":false}`,
		`{"message":{"role":"assistant","content":"","thinking":"hm"},"done":false}`,
		`{"message":{"role":"assistant","content":"","tool_calls":[{"id":"call_1","function":{"index":0,"name":"f","arguments":{"a":1}}}]},"done":false}`,
		`{"message":{"role":"assistant","content":""},"done":false}`,
		`{"message":{"content":"a"},"logprobs":[{"token":"a","logprob":-1,"bytes":[97]},{"token":"b","logprob":-2}]}`,
		`{"response":"a","done":false}`, `{"response":"","thinking":"hm"}`, `{"response":"","done":false}`,
		`{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":10,"load_duration":2,"prompt_eval_count":3,"prompt_eval_duration":4,"eval_count":5,"eval_duration":6}`,
		`{"response":"","done":true,"done_reason":"length","context":[1,2,3],"eval_count":5}`,
		`{"response":"b","done":true}`, `{"done":true,"done_reason":"load"}`, `{"done":"true"}`, `{"error":"m"}`, `{"error":""}`, `{"error":null}`,
		`{"status":"pulling"}`, `{"message":"x"}`, `{"response":1}`, `[]`, `{`, `{} {}`, `"x"`, ``,
	}
}

func TestOllamaKinds(t *testing.T) {
	want := []Kind{Content, Reasoning, Tool, Role, Content, Content, Reasoning, Other, Finish, Finish, Content, Finish, Other, Error,
		Other, Other, Other, Other, Other, Other, Other, Other, Other, Other}
	for i, line := range ollamaSamples() {
		r := decodeAt(ollamaRequest(apiOllamaChat), 200, eventStream(), events(line))
		if len(r.Kind) != 1 || r.Kind[0] != want[i] {
			t.Errorf("%s: kinds %v, want %v", line, kindNames(r.Kind), kindNames([]int8{want[i]}))
		}
		checkOllama(t, []byte(line))
	}
}

func TestOllamaStreams(t *testing.T) {
	const last = `{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":5,"eval_duration":6}`
	content := func(logprobs string) string {
		return `{"message":{"role":"assistant","content":"a"}` + logprobs + `,"done":false}`
	}
	for _, test := range []struct {
		name   string
		lines  []string
		kinds  string
		tokens []int32
		source string
		told   string // input and output tokens, finish reasons, metrics
		ends   string // terminal, failed, torn bytes
	}{
		{"total only", []string{content(""), content(""), last}, "[content content finish]", nil, "usage",
			`3 5 [stop] {"timings":{"eval_duration":6}}`, "true false 0"},
		{"logprobs", []string{content(`,"logprobs":[{},{}]`), content(`,"logprobs":[{}]`), last}, "[content content finish]", []int32{2, 1, 0}, "logprobs",
			`3 5 [stop] {"timings":{"eval_duration":6}}`, "true false 0"},
		{"tokens of a text held back", []string{`{"message":{"content":""},"logprobs":[{}]}`, content(`,"logprobs":[{}]`), last}, "[other content finish]",
			[]int32{0, 2, 0}, "logprobs", `3 5 [stop] {"timings":{"eval_duration":6}}`, "true false 0"},
		{"an answer in one line", []string{`{"response":"abc","done":true,"done_reason":"length","eval_count":4}`}, "[content]", []int32{4}, "usage", `- 4 [length] `, "true false 0"},
		{"no reason", []string{content(""), `{"done":true}`}, "[content done]", nil, "chunks", `- - [] `, "true false 0"},
		{"no end", []string{content("")}, "[content]", nil, "chunks", `- - [] `, "false false 0"},
		{"cut short", []string{content(""), last[:40]}, "[content]", nil, "chunks", `- - [] `, "false false 40"},
		{"an error in the stream", []string{content(""), `{"error":"an error was encountered while running the model"}`}, "[content error]", nil, "chunks", `- - [] `, "false true 0"},
	} {
		body := []byte(strings.Join(test.lines, "\n"))
		for _, end := range []string{"", "\n", "\r\n\r\n"} {
			if end != "" && test.name == "cut short" {
				continue
			}
			for cut := range len(body) + 1 {
				r := decodeAt(ollamaRequest(apiOllamaChat), 200, ndjson(), append(bytes.Clone(body), end...), cut)
				told := fmt.Sprint(orDash(r.InputTokens), " ", orDash(r.OutputTokens), " ", r.FinishReasons, " ", r.ServerMetrics)
				ends := fmt.Sprint(r.Terminal, r.Failed, r.TornBytes)
				if kinds := fmt.Sprint(kindNames(r.Kind)); kinds != test.kinds || !reflect.DeepEqual(r.Tokens, test.tokens) ||
					r.TokenSource != test.source || told != test.told || ends != test.ends {
					t.Fatalf("%s, cut at %d: %s %v from %s, %s, %s; want %+v", test.name, cut, kinds, r.Tokens, r.TokenSource, told, ends, test)
				}
			}
		}
	}
}

func orDash(n *int64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

func TestOllamaDocument(t *testing.T) {
	req := ollamaRequest(apiOllamaGenerate)
	req.Stream = false
	r := decodeAt(req, 200, contentType("application/json; charset=utf-8"),
		[]byte(`{"model":"m","response":"abc","done":true,"done_reason":"stop","total_duration":9,"prompt_eval_count":3,"eval_count":5}`))
	const want = `m true false 0 usage 3 5 [stop] {"timings":{"total_duration":9}}`
	if got := fmt.Sprintf("%s %v %v %d %s %s %s %v %s", r.Model, r.Terminal, r.Failed, len(r.Kind), r.TokenSource,
		orDash(r.InputTokens), orDash(r.OutputTokens), r.FinishReasons, r.ServerMetrics); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r = decodeAt(req, 404, contentType("application/json"), []byte(`{"error":"model 'm' not found"}`))
	if !r.Failed || r.ErrorMessage != "model 'm' not found" {
		t.Errorf("%+v", r)
	}
}

// checkOllama reads a line off encoding/json's maps, too.
func checkOllama(t *testing.T, data []byte) {
	t.Helper()
	var e event
	e.reset()
	ok := scanOllama(data, &e)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var top map[string]any
	wantOK := json.Valid(data) && dec.Decode(&top) == nil && top != nil
	if ok != wantOK {
		t.Fatalf("%q: read %v, want %v", data, ok, wantOK)
	}
	if !ok {
		return
	}
	message, _ := top["message"].(map[string]any)
	var want kindSet
	for _, from := range []map[string]any{message, {"content": top["response"], "thinking": top["thinking"], "tool_calls": top["tool_calls"]}} {
		want.put(Content, want.has(Content) || str(from["content"]) != "")
		want.put(Reasoning, want.has(Reasoning) || str(from["thinking"]) != "")
		calls, _ := from["tool_calls"].([]any)
		for _, call := range calls {
			call, _ := call.(map[string]any)
			for _, name := range []string{"function", "custom"} {
				f, _ := call[name].(map[string]any)
				want.put(Tool, want.has(Tool) || str(f["name"])+str(f["arguments"])+str(f["input"]) != "")
			}
		}
	}
	done, _ := top["done"].(bool)
	u := usage{told(top["prompt_eval_count"]), -1, told(top["eval_count"]), -1}
	want.put(Role, !done && str(message["role"]) != "")
	want.put(Done, done)
	want.put(Finish, done && str(top["done_reason"]) != "")
	want.put(Usage, u.input >= 0 || u.output >= 0)
	_, failure := top["error"].(map[string]any)
	want.put(Error, failure || str(top["error"]) != "")
	if e.kinds != want || e.usage != u || unquote(e.model) != str(top["model"]) {
		t.Fatalf("%q: kinds %b usage %v model %q, want %b %v %q", data, e.kinds, e.usage, unquote(e.model), want, u, str(top["model"]))
	}
	if e.timings != nil && !json.Valid(e.timings) {
		t.Fatalf("%q: timings %q", data, e.timings)
	}
}

// FuzzOllama: any line reads as encoding/json reads it.
func FuzzOllama(f *testing.F) {
	for _, line := range ollamaSamples() {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if repeats(line) {
			t.Skip() // names that stand twice merge in maps
		}
		checkOllama(t, line)
	})
}

// repeats reports whether a name stands twice in an object of data.
func repeats(data []byte) bool {
	type level struct {
		names map[string]bool
		key   bool
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	var open []level
	for {
		token, err := dec.Token()
		if err != nil {
			return false
		}
		if n := len(open); n > 0 && open[n-1].names != nil && open[n-1].key && token != json.Delim('}') {
			name, _ := token.(string)
			if open[n-1].names[name] {
				return true
			}
			open[n-1].names[name], open[n-1].key = true, false
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{map[string]bool{}, true})
			continue
		case json.Delim('['):
			open = append(open, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if n := len(open); n > 0 {
			open[n-1].key = true
		}
	}
}
