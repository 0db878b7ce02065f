package llmsim

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestStreamShapes(t *testing.T) {
	tests := []struct {
		name   string
		config Config
		path   string
		body   string
		want   string
	}{
		{"chat", Config{}, "chat/completions", hello + `,"max_tokens":3`, "rcccfd"},
		{"chat with usage", Config{}, "chat/completions", hello + `,"max_tokens":3,"stream_options":{"include_usage":true}`, "rcccfud"},
		{"chat, two choices", Config{}, "chat/completions", hello + `,"max_tokens":2,"n":2`, "rcr1c1cfc1f1d"},
		{"completion", Config{}, "completions", `"prompt":"a b","max_tokens":3`, "cccfd"},
		{"completion of two prompts", Config{}, "completions", `"prompt":["a","b"],"max_tokens":1`, "cfc1f1d"},
		{"completion of token ids", Config{}, "completions", `"prompt":[1,2,3],"max_tokens":2,"stream_options":{"include_usage":true}`, "ccfud"},
		{"three tokens a chunk", Config{TokensPerChunk: 3}, "chat/completions", hello + `,"max_tokens":8`, "rcccfd"},
		{"one chunk for all", Config{TokensPerChunk: 30}, "completions", `"prompt":"a","max_tokens":8`, "cfd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, tt.config)
			r := post(t, s, "/v1/"+tt.path, `{"stream":true,"ignore_eos":true,`+tt.body+`}`)
			all, err := events(t, r)
			if err != nil || r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream") {
				t.Fatalf("status %d, content type %q, end %v", r.StatusCode, r.Header.Get("Content-Type"), err)
			}
			got := shape(all)
			if strings.Contains(tt.want, "1") {
				// The two choices' turns depend on how many steps a flush holds.
				got, tt.want = byChoice(got), byChoice(tt.want)
			}
			if got != tt.want {
				t.Errorf("the stream is %s, want %s", got, tt.want)
			}
		})
	}
}

// byChoice sorts a shape's events by choice, keeping their order inside.
func byChoice(s string) string {
	var zero, one strings.Builder
	for i := 0; i < len(s); i++ {
		if i+1 < len(s) && s[i+1] == '1' {
			one.WriteByte(s[i])
			i++
		} else {
			zero.WriteByte(s[i])
		}
	}
	return zero.String() + "1" + one.String()
}

func TestUsageAndTextAgree(t *testing.T) {
	s := start(t, Config{Engine: EngineConfig{CacheBlocks: -1, BlockTokens: 4}, TokensPerChunk: 2})
	body := `{` + hello + `,"n":2,"max_tokens":7,"ignore_eos":true,"stream":true,"logprobs":true,
		"stream_options":{"include_usage":true,"continuous_usage_stats":true}}`
	all, err := events(t, post(t, s, "/v1/chat/completions", body))
	if err != nil {
		t.Fatal(err)
	}
	content, counted := map[int]string{}, map[int]int{}
	for _, e := range all {
		if e.Done {
			continue
		}
		if e.Usage == nil {
			t.Fatalf("an event without usage: %+v", e)
		}
		u := *e.Usage
		if len(e.Choices) == 0 {
			if u.PromptTokens != 9 || u.CompletionTokens != 14 || u.TotalTokens != 23 {
				t.Errorf("usage is %+v, want 9 + 14 = 23", u)
			}
			continue
		}
		c := e.Choices[0]
		content[c.Index] += c.Delta.Content
		if c.Logprobs != nil {
			text := ""
			for _, p := range c.Logprobs.Content {
				text += p.Token
				if p.Logprob >= 0 || len(p.Bytes) != len(p.Token) || p.Bytes[0] != int(p.Token[0]) {
					t.Errorf("token %q has logprob %v and bytes %v", p.Token, p.Logprob, p.Bytes)
				}
			}
			if text != c.Delta.Content {
				t.Errorf("logprobs spell %q, the chunk %q", text, c.Delta.Content)
			}
			counted[c.Index] += len(c.Logprobs.Content)
		}
		if want := CountTokens(content[c.Index]); u.CompletionTokens != want || u.PromptTokens != 9 {
			t.Errorf("choice %d: usage so far %+v, %d tokens were sent", c.Index, u, want)
		}
		// The second choice's prompt is the first one's: two blocks of four.
		if want := []int{0, 8}[c.Index]; u.Details.CachedTokens != want {
			t.Errorf("choice %d: %d cached tokens, want %d", c.Index, u.Details.CachedTokens, want)
		}
	}
	if counted[0] != 7 || counted[1] != 7 || content[0] == content[1] {
		t.Errorf("choices %q and %q have %v tokens with logprobs, want 7 each and other words", content[0], content[1], counted)
	}

	// Not streamed, the same question has the same answer, from the cache.
	r := post(t, s, "/v1/chat/completions", `{`+hello+`,"max_tokens":7,"ignore_eos":true}`)
	var e event
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		t.Fatal(err)
	}
	if c := e.Choices[0]; c.Message.Content != content[0] || *c.FinishReason != "length" || c.Message.Role != "assistant" {
		t.Errorf("not streamed: %+v, want %q", c, content[0])
	}
	if u := e.Usage; u.PromptTokens != 9 || u.CompletionTokens != 7 || u.TotalTokens != 16 || u.Details.CachedTokens != 8 {
		t.Errorf("usage is %+v, want 9 + 7 = 16, 8 cached", u)
	}
}

func TestCompletionNotStreamed(t *testing.T) {
	s := start(t, Config{})
	r := post(t, s, "/v1/completions", `{"prompt":[[5,6],[7]],"n":2,"max_tokens":4,"logprobs":1,"ignore_eos":true}`)
	var e event
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		t.Fatal(err)
	}
	if len(e.Choices) != 4 || e.Usage.PromptTokens != 3 || e.Usage.CompletionTokens != 16 || e.Object != "text_completion" {
		t.Fatalf("%d choices, usage %+v, %q; want 4, 3 and 16", len(e.Choices), e.Usage, e.Object)
	}
	for i, c := range e.Choices {
		if c.Index != i || CountTokens(c.Text) != 4 || strings.Join(c.Logprobs.Tokens, "") != c.Text || len(c.Logprobs.TokenLogprobs) != 4 {
			t.Errorf("choice %d: %+v", i, c)
		}
		for n, at := range c.Logprobs.TextOffset {
			if !strings.HasPrefix(c.Text[at:], c.Logprobs.Tokens[n]) {
				t.Errorf("choice %d: token %d is %q, at %d stands %q", i, n, c.Logprobs.Tokens[n], at, c.Text[at:])
			}
		}
	}
}
