package forms

import (
	"strings"
	"testing"
)

// BenchmarkTranslate says a chat of 64 KiB and 20 messages in Anthropic's form.
func BenchmarkTranslate(b *testing.B) {
	c := everything()
	c.Messages = nil
	for i := range 20 {
		role := []Role{User, Assistant}[i%2]
		c.Messages = append(c.Messages, Message{Role: role, Parts: []Part{{Text: strings.Repeat("word ", 655)}}})
	}
	body, _ := Build("openai.chat", c)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		c, _, err := Parse("openai.chat", "", body)
		if err != nil {
			b.Fatal(err)
		}
		Build("anthropic.messages", c)
	}
}
