package wire

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestPromptText(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{`{"model":"m","messages":[{"role":"user","content":"a"},{"content":"b","role":"assistant"}]}`,
			`{"content":"a","role":"user"}` + "\n" + `{"content":"b","role":"assistant"}` + "\n"},
		{` { "messages" : [ { "content":"a", "role":"user" } ], "temperature":0.5 } `, `{"content":"a","role":"user"}` + "\n"},
		{`{"messages":[{"role":"user","content":"\u0061 <b>"}]}`, `{"content":"a <b>","role":"user"}` + "\n"},
		{`{"prompt":"once upon","system":"be brief. "}`, "be brief. once upon"},
		{`{"input":"hi","instructions":"i"}`, "ihi"},
		{`{"contents":[{"parts":[{"text":"x"}]}],"systemInstruction":{"parts":[]}}`, `{"parts":[]}` + "\n" + `{"parts":[{"text":"x"}]}` + "\n"},
		{`{"inputs":"t","parameters":{}}`, "t"},
		{`{"system":[{"text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"content":[{"cache_control":{},"text":"cache_control"}]}]}`,
			`{"text":"s"}` + "\n" + `{"content":[{"text":"cache_control"}]}` + "\n"},
		{`{"prompt":[1,2,3.0]}`, "1\n2\n3.0\n"},
		{`{"model":"m"}`, ""}, {`[1]`, ""}, {`{"prompt":"a`, ""}, {``, ""},
	} {
		if got := string(PromptText([]byte(test.body))); got != test.want {
			t.Errorf("%s: %q, want %q", test.body, got, test.want)
		}
	}
}

// TestPromptGrows adds turns to a conversation: its text goes on where it was.
func TestPromptGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turns := rapid.SliceOfN(rapid.String(), 1, 6).Draw(t, "turns")
		body := func(n int) []byte {
			messages := []any{}
			for _, text := range turns[:n] {
				messages = append(messages, map[string]any{"role": "user", "content": text})
			}
			return []byte(asJSON(map[string]any{"messages": messages, "max_tokens": n}))
		}
		whole := PromptText(body(len(turns)))
		for n := range turns {
			if before := PromptText(body(n)); !bytes.HasPrefix(whole, before) {
				t.Fatalf("%q does not begin with %q", whole, before)
			}
		}
	})
}
