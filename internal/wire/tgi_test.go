package wire

import (
	"fmt"
	"reflect"
	"testing"
)

func TestTGIRequests(t *testing.T) {
	const body = `{"inputs":"hi","parameters":{"max_new_tokens":20,"temperature":0.7,"top_k":50,"top_p":0.95,"seed":3,"do_sample":true,"details":true,
		"grammar":{"type":"json","value":{"type":"object"}}}}`
	want := Request{API: apiTGI, Stream: true, ChoiceCount: 1, MaxTokens: new(int64(20)), Temperature: new(0.7), TopK: new(int64(50)), TopP: new(0.95),
		Seed: new(int64(3)), ResponseFormat: "json"}
	if got := ParseRequest("POST", "/generate_stream", []byte(body)); !reflect.DeepEqual(got, want) {
		t.Errorf("/generate_stream: %s, want %s", asJSON(got), asJSON(want))
	}
	want.Stream = false
	if got := ParseRequest("POST", "/endpoint/generate", []byte(body)); !reflect.DeepEqual(got, want) {
		t.Errorf("/generate: %s, want %s", asJSON(got), asJSON(want))
	}
	for _, body := range []string{``, `{"inputs":"`, `{"parameters":null}`, `{"parameters":{"max_new_tokens":null}}`} {
		if got := ParseRequest("POST", "/generate", []byte(body)); !reflect.DeepEqual(got, Request{API: apiTGI, ChoiceCount: 1}) {
			t.Errorf("%s: %s", body, asJSON(got))
		}
	}
}

// tgiSamples are events written by hand, of every form.
func tgiSamples() []string {
	return []string{
		`{"index":1,"token":{"id":264,"text":" a","logprob":-1.5,"special":false},"generated_text":null,"details":null}`,
		`{"index":2,"token":{"id":30166,"text":"","logprob":-1.5,"special":false},"generated_text":null,"details":null}`,
		`{"index":3,"token":{"id":1,"text":"<s>","logprob":-1.5,"special":true},"generated_text":null,"details":null}`,
		`{"index":4,"token":{"id":9,"text":"b","logprob":0,"special":false},"top_tokens":[{"id":9}],"generated_text":" a b","details":null}`,
		`{"index":4,"token":{"id":2,"text":"</s>","logprob":0,"special":true},"generated_text":"","details":{"finish_reason":"eos_token","generated_tokens":5,"seed":null,"input_length":7}}`,
		`{"error":"Request failed during generation: m","error_type":"generation"}`,
		`{"token":null}`, `{"token":{"text":"a"}}`, `{`, `[]`,
	}
}

func TestTGIStreams(t *testing.T) {
	s := tgiSamples()
	for _, test := range []struct {
		name   string
		events []string
		kinds  string
		tokens []int32
		source string
		told   string // input and output tokens, finish reasons
		ends   string // terminal, failed, message
	}{
		{"with details", []string{s[0], s[1], s[4]}, "[content content finish]", []int32{1, 1, 0}, "token_ids", "7 5 [eos_token]", "true false "},
		{"without details", []string{s[0], s[3]}, "[content content]", []int32{1, 1}, "token_ids", "- - []", "true false "},
		{"a special token counts with the next", []string{s[0], s[2], s[3]}, "[content other content]", []int32{1, 0, 2}, "token_ids", "- - []", "true false "},
		{"no id", []string{s[0], s[7]}, "[content content]", nil, "chunks", "- - []", "false false "},
		{"an error", []string{s[0], s[5]}, "[content error]", []int32{1, 0}, "token_ids", "- - []", "false true Request failed during generation: m"},
		{"no end", []string{s[0]}, "[content]", []int32{1}, "token_ids", "- - []", "false false "},
		{"nonsense", []string{s[6], s[8], s[9]}, "[other other other]", nil, "chunks", "- - []", "false false "},
	} {
		body := events(test.events...)
		for cut := range len(body) + 1 {
			r := decodeAt(Request{API: apiTGI, Stream: true, ChoiceCount: 1}, 200, eventStream(), body, cut)
			told := fmt.Sprint(orDash(r.InputTokens), " ", orDash(r.OutputTokens), " ", r.FinishReasons)
			ends := fmt.Sprint(r.Terminal, r.Failed, " ", r.ErrorMessage)
			if kinds := fmt.Sprint(kindNames(r.Kind)); kinds != test.kinds || !reflect.DeepEqual(r.Tokens, test.tokens) ||
				r.TokenSource != test.source || told != test.told || ends != test.ends {
				t.Fatalf("%s, cut at %d: %s %v from %s, %s, %s; want %+v", test.name, cut, kinds, r.Tokens, r.TokenSource, told, ends, test)
			}
		}
	}
}

func TestTGIDocument(t *testing.T) {
	req := Request{API: apiTGI, ChoiceCount: 1}
	r := decodeAt(req, 200, contentType("application/json"), []byte(`{"generated_text":"abc","details":{"finish_reason":"length","generated_tokens":20,"seed":1,
		"prefill":[],"tokens":[{"id":1,"text":"a","logprob":-1,"special":false}]}}`))
	const want = "true false 0 usage 20 [length]"
	if got := fmt.Sprintf("%v %v %d %s %s %v", r.Terminal, r.Failed, len(r.Kind), r.TokenSource, orDash(r.OutputTokens), r.FinishReasons); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if r := decodeAt(req, 200, contentType("application/json"), []byte(`{"generated_text":"ab`)); r.Terminal {
		t.Errorf("half a document is terminal: %+v", r)
	}
	if r := decodeAt(req, 429, contentType("application/json"), []byte(`{"error":"Model is overloaded","error_type":"overloaded"}`)); !r.Failed || r.ErrorMessage != "Model is overloaded" {
		t.Errorf("%+v", r)
	}
}
