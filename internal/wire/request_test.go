package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseRequest(t *testing.T) {
	for _, test := range []struct {
		name, method, path, body string
		want                     Request
	}{
		{"chat", "POST", "/v1/chat/completions",
			`{"model":"m","stream":true,"n":2,"max_tokens":5,"min_tokens":1,"top_k":40,"seed":-7,"ignore_eos":true,"temperature":0.5,"top_p":1,
			 "response_format":{"type":"json_schema","json_schema":{"type":"object"}},"tools":[{},{}],"user":"u\u00e9",
			 "messages":[{"role":"user","content":"hi"},{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:"}},{"type":"input_image"}]}]}`,
			Request{API: apiChat, Model: "m", Stream: true, ChoiceCount: 2, MaxTokens: new(int64(5)), MinTokens: new(int64(1)), TopK: new(int64(40)),
				Seed: new(int64(-7)), IgnoreEOS: new(true), Temperature: new(0.5), TopP: new(1.0), ResponseFormat: "json_schema", ToolCount: 2, ImageCount: 2, User: "ué"}},
		{"the newer limit", "POST", "/v1/chat/completions", `{"max_completion_tokens":7,"max_tokens":5}`,
			Request{API: apiChat, ChoiceCount: 1, MaxTokens: new(int64(7))}},
		{"nulls are unknown", "POST", "/v1/chat/completions", `{"model":null,"stream":null,"n":null,"max_tokens":null,"temperature":null,"ignore_eos":null,"tools":null,"messages":null}`,
			Request{API: apiChat, ChoiceCount: 1}},
		{"less than nothing is no limit", "POST", "/v1/chat/completions", `{"max_tokens":-1}`, Request{API: apiChat, ChoiceCount: 1}},
		{"zero is not unknown", "POST", "/v1/chat/completions", `{"max_tokens":0,"temperature":0,"ignore_eos":false,"seed":0}`,
			Request{API: apiChat, ChoiceCount: 1, MaxTokens: new(int64(0)), Temperature: new(0.0), IgnoreEOS: new(false), Seed: new(int64(0))}},
		{"functions are tools", "POST", "/v1/chat/completions", `{"functions":[{}],"tools":[{}]}`, Request{API: apiChat, ChoiceCount: 1, ToolCount: 2}},
		{"under a prefix, with a query", "POST", "/openai/deployments/x/chat/completions?api-version=1", `{}`, Request{API: apiChat, ChoiceCount: 1}},
		{"completions", "POST", "/v1/completions", `{"prompt":"x"}`, Request{API: apiCompletions, ChoiceCount: 1}},
		{"several prompts", "POST", "/v1/completions", `{"prompt":["a","b","c"],"n":2}`, Request{API: apiCompletions, ChoiceCount: 6}},
		{"one prompt of tokens", "POST", "/v1/completions", `{"prompt":[1,2,3]}`, Request{API: apiCompletions, ChoiceCount: 1}},
		{"prompts of tokens", "POST", "/v1/completions", `{"prompt":[[1],[2,3]]}`, Request{API: apiCompletions, ChoiceCount: 2}},
		{"no choices to count", "POST", "/v1/completions", `{"prompt":["a","b"],"n":9223372036854775807}`, Request{API: apiCompletions, ChoiceCount: 9223372036854775807}},
		{"cut short", "POST", "/v1/chat/completions", `{"model":"m","stream":true,"messages":[`, Request{API: apiChat, Model: "m", Stream: true, ChoiceCount: 1}},
		{"no JSON", "POST", "/v1/chat/completions", `hello`, Request{API: apiChat, ChoiceCount: 1}},
		{"no object", "POST", "/v1/chat/completions", `["model"]`, Request{API: apiChat, ChoiceCount: 1}},
		{"nothing", "POST", "/v1/chat/completions", ``, Request{API: apiChat, ChoiceCount: 1}},
		{"stored answers are another API", "GET", "/v1/chat/completions", ``, Request{API: apiOther, ChoiceCount: 1}},
		{"embeddings", "POST", "/v1/embeddings", `{"input":"x","model":"e"}`, Request{API: apiEmbeddings, Model: "e", ChoiceCount: 1}},
		{"models", "GET", "/v1/models", ``, Request{API: apiOther, ChoiceCount: 1}},
		{"root", "GET", "/", ``, Request{API: apiOther, ChoiceCount: 1}},
	} {
		if got := ParseRequest(test.method, test.path, []byte(test.body)); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %s, want %s", test.name, asJSON(got), asJSON(test.want))
		}
	}
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// requestByMaps reads a chat request off encoding/json's maps.
func requestByMaps(body []byte) (Request, bool) {
	r := Request{API: apiCompletions, ChoiceCount: 1}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var top map[string]any
	if !json.Valid(body) || dec.Decode(&top) != nil {
		return r, false
	}
	integer := func(name string) *int64 {
		if n, ok := whole(top[name]); ok {
			return &n
		}
		return nil
	}
	float := func(name string) *float64 {
		n, _ := top[name].(json.Number)
		if f, err := n.Float64(); err == nil {
			return &f
		}
		return nil
	}
	list := func(name string) int64 {
		l, _ := top[name].([]any)
		return int64(len(l))
	}
	r.Model, r.User = str(top["model"]), str(top["user"])
	r.Stream, _ = top["stream"].(bool)
	if n := integer("n"); n != nil {
		r.ChoiceCount = max(1, *n)
	}
	prompts := int64(0)
	l, _ := top["prompt"].([]any)
	for _, p := range l {
		switch p.(type) {
		case string, []any:
			prompts++
		}
	}
	if product := r.ChoiceCount * max(1, prompts); product/max(1, prompts) == r.ChoiceCount {
		r.ChoiceCount = product
	}
	if r.MaxTokens = integer("max_completion_tokens"); r.MaxTokens == nil {
		r.MaxTokens = integer("max_tokens")
	}
	if r.MaxTokens != nil && *r.MaxTokens < 0 {
		r.MaxTokens = nil // no limit
	}
	r.MinTokens, r.TopK, r.Seed = integer("min_tokens"), integer("top_k"), integer("seed")
	if b, ok := top["ignore_eos"].(bool); ok {
		r.IgnoreEOS = &b
	}
	r.Temperature, r.TopP = float("temperature"), float("top_p")
	r.ResponseFormat = str(top["response_format"])
	if format, ok := top["response_format"].(map[string]any); ok {
		r.ResponseFormat = str(format["type"])
	}
	r.ToolCount = list("tools") + list("functions")
	messages, _ := top["messages"].([]any)
	for _, m := range messages {
		m, _ := m.(map[string]any)
		parts, _ := m["content"].([]any)
		for _, p := range parts {
			p, _ := p.(map[string]any)
			switch str(p["type"]) {
			case "image", "image_url", "input_image":
				r.ImageCount++
			}
		}
	}
	return r, true
}

// FuzzParseRequest: no body stops it, and a valid one reads as encoding/json reads it.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","stream":true,"n":2,"max_tokens":5,"messages":[{"content":[{"type":"image"}]}],"response_format":"json"}`))
	f.Add([]byte(`{"prompt":["a",[1],2],"temperature":1e999,"tools":[1,{}],"ignore_eos":false,"seed":1.0}`))
	f.Add([]byte(`{"model":"m`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := ParseRequest("POST", "/v1/completions", body)
		if got.API != apiCompletions || got.ChoiceCount < 1 {
			t.Fatalf("%q: %s", body, asJSON(got))
		}
		if want, ok := requestByMaps(body); ok && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %s, encoding/json %s", body, asJSON(got), asJSON(want))
		}
	})
}

// TestRequestsAtRandom draws bodies of the names that matter, with values of any type.
func TestRequestsAtRandom(t *testing.T) {
	names := []string{"model", "stream", "n", "prompt", "max_tokens", "max_completion_tokens", "min_tokens", "top_k", "seed", "ignore_eos",
		"temperature", "top_p", "response_format", "tools", "functions", "messages", "user", "x"}
	values := []string{`"a"`, `""`, "true", "false", "null", "0", "3", "-1", "2.0", "0.25", "1e400", "[]", "{}", `["a","b"]`, `[[1],[2]]`, "[1]",
		`{"type":"text"}`, `[{"content":[{"type":"image"},{"type":"text"},{"x":1}]},{"content":"c"}]`, `[{"content":[{"type":"image","type":"x"}],"content":1}]`}
	rapid.Check(t, func(t *rapid.T) {
		var members []string
		for range rapid.IntRange(0, 12).Draw(t, "members") {
			members = append(members, `"`+rapid.SampledFrom(names).Draw(t, "name")+`":`+drawSpace(t)+rapid.SampledFrom(values).Draw(t, "value"))
		}
		body := []byte("{" + strings.Join(members, ",") + "}")
		want, ok := requestByMaps(body)
		if got := ParseRequest("POST", "/v1/completions", body); !ok || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %s, encoding/json %s", body, asJSON(got), asJSON(want))
		}
	})
}

// TestUsualPath asks at the usual path of every API that has a dialect.
func TestUsualPath(t *testing.T) {
	for _, known := range dialects {
		if r := ParseRequest("POST", UsualPath(known.api), nil); r.API != known.api {
			t.Errorf("the usual path of %s, %q, is %s", known.api, UsualPath(known.api), r.API)
		}
	}
}
