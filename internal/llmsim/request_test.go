package llmsim

import (
	"reflect"
	"strings"
	"testing"
)

func testConfig() Config {
	return Config{Model: "m", MaxModelLen: 1000}.withDefaults()
}

func TestPromptForms(t *testing.T) {
	tests := []struct {
		prompt string
		want   [][]int64
	}{
		{`"hi yo"`, [][]int64{AppendTokens(nil, "hi yo")}},
		{`["hi","yo"]`, [][]int64{AppendTokens(nil, "hi"), AppendTokens(nil, "yo")}},
		{` [ 1, 2 ,3 ] `, [][]int64{{1, 2, 3}}},
		{`[[1,2],[3]]`, [][]int64{{1, 2}, {3}}},
		{"[\n\"h\\u0069\" ]", [][]int64{AppendTokens(nil, "hi")}},
	}
	for _, tt := range tests {
		p, e := testConfig().parseText([]byte(`{"prompt":` + tt.prompt + `}`))
		if e != nil {
			t.Errorf("prompt %s: %s", tt.prompt, e.Message)
			continue
		}
		if !reflect.DeepEqual(p.prompts, tt.want) || p.maxTokens != 16 {
			t.Errorf("prompt %s: %v (max_tokens %d), want %v (16)", tt.prompt, p.prompts, p.maxTokens, tt.want)
		}
	}
}

func TestMessageForms(t *testing.T) {
	count := func(body string) int {
		t.Helper()
		p, e := testConfig().parseChat([]byte(body))
		if e != nil {
			t.Fatalf("%s: %s", body, e.Message)
		}
		return len(p.prompts[0])
	}
	one := count(`{"messages":[{"role":"user","content":"hello"}]}`)
	tests := []struct {
		body string
		want int // tokens beside "hello" in one message
	}{
		{`{"messages":[{"role":"user","content":[{"type":"text","text":"hel"},{"type":"text","text":"lo"}]}]}`, 0},
		{`{"messages":[{"role":"assistant","content":null},{"role":"user","content":"hello"}]}`, MessageTokens},
		{`{"messages":[{"role":"user","content":"hello","tool_calls":null}],"tools":null}`, 0},
		{`{"messages":[{"role":"user","content":"hello"}],"tools":[{"a":1}]}`, CountTokens(`[{"a":1}]`)},
		{`{"messages":[{"role":"user","content":"hello","tool_calls":[{"b":2}]}]}`, CountTokens(`[{"b":2}]`)},
	}
	for _, tt := range tests {
		if got := count(tt.body) - one; got != tt.want {
			t.Errorf("%s: %d tokens more, want %d", tt.body, got, tt.want)
		}
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	const messages = `"messages":[{"role":"user","content":"hi"}]`
	tests := []struct {
		chat   bool
		body   string
		status int
		param  string
		want   string // in the message
	}{
		{true, `{`, 400, "", "not understood"},
		{true, ``, 400, "", "not understood"},
		{true, `[]`, 400, "", "not understood"},
		{true, `{} {}`, 400, "", "not understood"},
		{true, `{}`, 400, "messages", "messages is empty"},
		{true, `{"messages":[{"content":7}]}`, 400, "", "content must be a string"},
		{true, `{"messages":[{"content":[{"type":"image_url"}]}]}`, 400, "", `"image_url"`},
		{true, `{"model":"other",` + messages + `}`, 404, "model", `"other"`},
		{true, `{"n":0,` + messages + `}`, 400, "n", "n is 0"},
		{true, `{"n":129,` + messages + `}`, 400, "n", "1 to 128"},
		{true, `{"max_tokens":0,` + messages + `}`, 400, "max_tokens", "max_tokens is 0"},
		{true, `{"max_completion_tokens":-5,` + messages + `}`, 400, "max_tokens", "is -5"},
		{true, `{"max_tokens":"x",` + messages + `}`, 400, "", "not understood"},
		{true, `{"max_tokens":5,"min_tokens":6,` + messages + `}`, 400, "min_tokens", "min_tokens is 6"},
		{true, `{"min_tokens":-1,` + messages + `}`, 400, "min_tokens", "is -1"},
		{true, `{"stream_options":{},` + messages + `}`, 400, "stream_options", "stream = true"},
		{true, `{"max_tokens":993,` + messages + `}`, 400, "messages", "context length is 1000"},
		{true, `{"max_tokens":9223372036854775807,` + messages + `}`, 400, "messages", "context length is 1000"},
		{false, `{}`, 400, "prompt", "missing"},
		{false, `{"prompt":null}`, 400, "", "prompt must be"},
		{false, `{"prompt":7}`, 400, "", "prompt must be"},
		{false, `{"prompt":""}`, 400, "prompt", "prompt 0 is empty"},
		{false, `{"prompt":[]}`, 400, "prompt", "prompt 0 is empty"},
		{false, `{"prompt":[[1],[]]}`, 400, "prompt", "prompt 1 is empty"},
		{false, `{"prompt":[1,"a"]}`, 400, "", "token ids alone"},
		{false, `{"prompt":["a",1]}`, 400, "", "strings alone"},
		{false, `{"prompt":[[1],2]}`, 400, "", "arrays of token ids alone"},
		{false, `{"prompt":[-1]}`, 400, "", "token id -1"},
		{false, `{"prompt":["a","b"],"n":9223372036854775807}`, 400, "n", "want 1 to 128"},
		{false, `{"prompt":"a","echo":true}`, 400, "echo", "echo"},
	}
	for _, tt := range tests {
		parse := testConfig().parseText
		if tt.chat {
			parse = testConfig().parseChat
		}
		_, e := parse([]byte(tt.body))
		switch {
		case e == nil:
			t.Errorf("%s: no error", tt.body)
		case e.Status != tt.status || e.Param != tt.param || !strings.Contains(e.Message, tt.want):
			t.Errorf("%s: %d, param %q, %q; want %d, %q, ... %q ...", tt.body, e.Status, e.Param, e.Message, tt.status, tt.param, tt.want)
		}
	}
}

func TestAnswerLengths(t *testing.T) {
	c := testConfig()
	c.Output = OutputLengths{MedianTokens: 50, Sigma: 0.75}
	var stops, sum int
	for seed := range int64(2000) {
		p := &parsed{prompts: [][]int64{{1, 2, 3}}, n: 1, maxTokens: 100, minTokens: 10, seed: seed}
		choice := c.newJob(p, 1, 0).choices[0]
		n := choice.seq.OutputTokens
		if n < 10 || n > 100 || (choice.reason == "stop") != (n < 100) {
			t.Fatalf("an answer of %d tokens ends by %q, with min_tokens 10 and max_tokens 100", n, choice.reason)
		}
		if choice.reason == "stop" {
			stops++
		}
		if n <= 50 {
			sum++
		}
	}
	// ln(100/50)/0.75 is 0.92 standard deviations: 82 % end by themselves; half are below the median.
	if stops < 1600 || stops > 1700 || sum < 930 || sum > 1070 {
		t.Errorf("%d of 2000 answers end by themselves, %d have at most 50 tokens; want about 1645 and 1000", stops, sum)
	}

	p := &parsed{prompts: [][]int64{{1, 2, 3}}, n: 2, ignoreEOS: true}
	j := c.newJob(p, 1, 0)
	if n := j.choices[1].seq.OutputTokens; n != 997 || j.choices[1].reason != "length" {
		t.Errorf("ignore_eos without max_tokens: %d tokens, want the rest of 1000: 997", n)
	}
	if j.choices[0].key == j.choices[1].key {
		t.Error("two choices have one answer")
	}
	if again := c.newJob(p, 2, 0); again.choices[0].key != j.choices[0].key || again.id == j.id {
		t.Error("the same question wants the same answer, under another id")
	}
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		`{"messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}`,
		`{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"n":3,"max_tokens":4}`,
		`{"prompt":[[1,2],[3]],"max_tokens":7,"ignore_eos":true,"logprobs":1}`,
		`{"prompt":["a","b"],"n":2}`, `{"prompt":""}`, `{"prompt":[`,
	} {
		f.Add([]byte(s))
	}
	c := testConfig()
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, parse := range []func([]byte) (*parsed, *apiError){c.parseChat, c.parseText} {
			p, e := parse(body)
			if e != nil {
				if e.Status < 400 || e.Message == "" {
					t.Fatalf("an error without status or message: %+v", e)
				}
				continue
			}
			j := c.newJob(p, 1, 0)
			if len(j.choices) < 1 || len(j.choices) > maxChoices {
				t.Fatalf("%d answers", len(j.choices))
			}
			for i, a := range j.choices {
				if a.index != i || a.seq.PromptTokens < 1 || a.seq.OutputTokens < 1 || a.seq.PromptTokens+a.seq.OutputTokens > c.MaxModelLen {
					t.Fatalf("answer %d: index %d, %d tokens to %d, model length %d", i, a.index, a.seq.OutputTokens, a.seq.PromptTokens, c.MaxModelLen)
				}
			}
		}
	})
}
