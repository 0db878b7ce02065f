package exchange

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWithoutPrompt(t *testing.T) {
	chat := func(text string) string {
		body, _ := json.Marshal(map[string]any{"model": "llama-8b", "max_tokens": 5, "messages": []any{map[string]any{"role": "user", "content": text}}})
		return string(body)
	}
	for _, c := range []struct{ name, body, message, want string }{
		{"nothing of the prompt", chat("my plan"), "out of memory", "out of memory"},
		{"the model", chat("my plan"), "no model `llama-8b`", "no model `llama-8b`"},
		{"a parameter", chat("my plan"), "max_tokens must be at most 4096", "max_tokens must be at most 4096"},
		{"a quote", chat("my secret plan"), `invalid input: "my secret plan", sorry`, `invalid input: "my [...]", sorry`},
		{"another case", chat("My Secret Plan"), "bad: MY SECRET PLAN", "bad: MY [...]"},
		{"a quote cut short", chat("my secret plan"), "bad: my secr", "bad: my [...]"},
		{"escapes", chat("secret\nplan \"nine\""), `bad: 'secret\nplan \"nine\"'`, `bad: '[...]"'`},
		{"digits", chat("call 555123"), "555123 is no token", "[...] is no token"},
		{"no spaces", chat("我的秘密计划"), "参数错误：秘密", "参数错误：[...]"},
		{"escaped characters", chat("我的"), `bad: \u6211\u7684`, `bad: [...]`},
		{"encoded", chat("x"), "bad: " + strings.Repeat("QUJD", 10), "bad: [...]"},
		{"token ids", `{"model":"m","prompt":[11111,22222]}`, "token 22222 is none", "token [...] is none"},
		{"no JSON", "the secret", "cannot parse: the secret", "cannot parse: [...]"},
		{"no body", "", "Not Found", "Not Found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := withoutPrompt(c.message, []byte(c.body)); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestNoWordOfThePromptStays quotes prompts in the ways of servers.
func TestNoWordOfThePromptStays(t *testing.T) {
	word := rapid.StringMatching(`[a-zA-Z0-9äöüßéъжd]{3,12}`)
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(word, 1, 12).Draw(t, "words")
		separators := rapid.SliceOfN(rapid.SampledFrom([]string{" ", "\n", "\t", `"`, `\`, "'", ", ", "。", "\u0007"}), len(words), len(words)).Draw(t, "separators")
		var b strings.Builder
		for i, w := range words {
			b.WriteString(w + separators[i])
		}
		prompt := b.String()
		body, _ := json.Marshal(map[string]any{"model": "m", "input": prompt})
		quote := prompt[:rapid.IntRange(0, len(prompt)).Draw(t, "cut")]
		inJSON, _ := json.Marshal(quote)
		quote = rapid.SampledFrom([]string{quote, string(inJSON), strconv.Quote(quote), strconv.QuoteToASCII(quote), fmt.Sprintf("%q", fmt.Sprintf("%q", quote)), strings.ToUpper(quote)}).Draw(t, "quote")
		got := withoutPrompt("~~ "+quote+" ~~", body)
		for _, w := range words {
			if lower := strings.ToLower(got); strings.Contains(lower, strings.ToLower(w)) {
				t.Errorf("%q has %q of the prompt %q, quoted as %q", got, w, prompt, quote)
			}
		}
	})
}

func TestKindOf(t *testing.T) {
	for word, want := range map[string]string{
		"invalid_request_error": "invalid_request_error", "Bad Gateway": "Bad Gateway", "429": "429", "": "",
		"the user said: my secret plan": "error", "geheimer plän": "error", strings.Repeat("x", 65): "error", "a\"b": "error",
	} {
		if got := kindOf(word); got != want {
			t.Errorf("%q becomes %q, want %q", word, got, want)
		}
	}
}

func FuzzWithoutPrompt(f *testing.F) {
	f.Add("bad: my secret\\nplan", `{"input":"my secret\nplan"}`)
	f.Add(`\u12`, `\`)
	f.Fuzz(func(t *testing.T, message, body string) {
		got := withoutPrompt(message, []byte(body))
		if again := withoutPrompt(got, []byte(body)); got != again {
			t.Errorf("%q, and a second time %q", got, again)
		}
	})
}
