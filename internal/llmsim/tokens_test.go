package llmsim

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestTokens(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"hello world", []string{"hello", " world"}},
		{"internationalization", []string{"internat", "ionaliza", "tion"}},
		{" internationalization", []string{" internat", "ionaliza", "tion"}},
		{"a  b", []string{"a", " ", " b"}},
		{"x=1234567;", []string{"x", "=", "123", "456", "7", ";"}},
		{" 007", []string{" ", "007"}},
		{"don't", []string{"don", "'", "t"}},
		{"naïve 日本\n", []string{"na", "ï", "ve", " ", "日", "本", "\n"}},
		{"\xff\xfe", []string{"\xff", "\xfe"}},
		{"\x00 ", []string{"\x00", " "}},
		{"AA A", []string{"AA", " A"}},
	}
	for _, tt := range tests {
		tokens := AppendTokens(nil, tt.text)
		var got []string
		for _, id := range tokens {
			got = append(got, Detokenize([]int64{id}))
		}
		if strings.Join(got, "|") != strings.Join(tt.want, "|") || len(got) != len(tt.want) {
			t.Errorf("%q: tokens %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestSpecialTokensHaveNoText(t *testing.T) {
	for _, id := range []int64{-1, tokenStart, tokenEnd, roleToken("user"), roleToken("no such role"), wordBase, 1 << 62} {
		if got := Detokenize([]int64{id}); got != "\uFFFD" {
			t.Errorf("id %d is %q, want U+FFFD", id, got)
		}
	}
	if roleToken("user") == roleToken("system") || roleToken("a") == roleToken("b") {
		t.Error("two roles have one token")
	}
}

func checkTokens(t interface{ Fatalf(string, ...any) }, text string) {
	tokens := AppendTokens(nil, text)
	if got := Detokenize(tokens); got != text {
		t.Fatalf("%q came back as %q", text, got)
	}
	if got := CountTokens(text); got != len(tokens) {
		t.Fatalf("%q: CountTokens is %d, AppendTokens gave %d", text, got, len(tokens))
	}
	for _, id := range tokens {
		if id < 0 || id >= specialBase || id >= 1<<53 {
			t.Fatalf("%q: id %d is out of range", text, id)
		}
	}
	if len(tokens) > len(text) {
		t.Fatalf("%q: %d tokens for %d bytes", text, len(tokens), len(text))
	}
}

func TestTokensAreReversible(t *testing.T) {
	text := rapid.OneOf(
		rapid.String(),
		rapid.StringOf(rapid.RuneFrom([]rune("abZ 019.\n"))),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
	rapid.Check(t, func(t *rapid.T) { checkTokens(t, text.Draw(t, "text")) })
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"", "hello world", " 1234 ", "zzzzzzzzz", "日本\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { checkTokens(t, text) })
}

// TestEveryWordIsOneToken: an answer has as many tokens as it was to have,
// and so has every part of it that a chunk can carry.
func TestEveryWordIsOneToken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &choice{key: rapid.Uint64().Draw(t, "key")}
		n := rapid.IntRange(0, 200).Draw(t, "tokens")
		text := appendText(nil, c, c.sent, n)
		if got := CountTokens(string(text)); got != n {
			t.Fatalf("%q has %d tokens, want %d", text, got, n)
		}
		c.sent = rapid.IntRange(0, 50).Draw(t, "sent")
		if got := CountTokens(string(appendText(nil, c, c.sent, n))); got != n {
			t.Fatalf("%d words from word %d on are %d tokens", n, c.sent, got)
		}
		if !utf8.Valid(text) || strings.ContainsAny(string(text), "\"\\") {
			t.Fatalf("%q needs escapes in JSON", text)
		}
	})
}

func TestChatTemplateOverhead(t *testing.T) {
	messages := []message{
		{Role: "system", Content: "be brief"},
		{Role: "user", Content: "hello world"},
	}
	tokens := appendChat(nil, messages, nil)
	if want := 2 + 2 + 2*MessageTokens + RequestTokens; len(tokens) != want {
		t.Errorf("%d tokens, want %d", len(tokens), want)
	}
	// What was said stays a prefix when the conversation goes on.
	longer := append(messages, message{Role: "assistant", Content: "hi"}, message{Role: "user", Content: "more"})
	next := appendChat(nil, longer, nil)
	for i, id := range tokens {
		if next[i] != id {
			t.Fatalf("token %d changed with the next turn", i)
		}
	}
}
