package workload

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"metron/schema"
)

// conversation is n turns, each the whole before it and more.
func conversation(n int, grow func(turn int) (question, answer int64)) (turns []*schema.Record) {
	whole := int64(DefaultTemplateTokens)
	for i := range n {
		question, answer := grow(i)
		whole += question
		r := request(byte(i+1), whole, answer)
		turns = append(turns, &r)
		whole += answer
	}
	return turns
}

// TestConversation: a turn is as long as recorded, begins with the one before it, and
// holds what was answered.
func TestConversation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turns := conversation(rapid.IntRange(2, 6).Draw(t, "turns"), func(int) (int64, int64) {
			return rapid.Int64Range(1, 300).Draw(t, "question"), rapid.Int64Range(1, 300).Draw(t, "answer")
		})
		api := rapid.SampledFrom([]string{schema.APIChat, schema.APICompletions, schema.APIMessages}).Draw(t, "api")
		answers := make([]string, len(turns))
		for i, r := range turns {
			r.API = api
			if rapid.Bool().Draw(t, "live") {
				answers[i] = strings.TrimSpace(strings.Repeat(fmt.Sprintf(" say%d\"\n", i), int(*r.OutputTokens)))
			}
		}
		turns[0].BlockHashes, turns[0].BlockSize = []int64{1, 2}, new(int64(16))
		turns[1].BlockHashes, turns[1].BlockSize = []int64{1, 3}, new(int64(16))
		before := ""
		for n := 1; n <= len(turns); n++ {
			body, err := new(Prompter).Conversation(turns[:n], answers[:n])
			if err != nil {
				t.Fatal(err)
			}
			var b struct {
				Messages []struct{ Role, Content string }
				Prompt   string
			}
			if err := json.Unmarshal(body, &b); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			text := b.Prompt
			for i, m := range b.Messages {
				if m.Role != []string{"user", "assistant"}[i%2] {
					t.Fatalf("message %d is of role %q", i, m.Role)
				}
				text += " " + m.Content
			}
			want := *turns[n-1].InputTokens
			if api != schema.APICompletions {
				want -= DefaultTemplateTokens
			}
			if got := int64(len(strings.Fields(text))); got != want {
				t.Fatalf("turn %d: %d tokens, want %d: %s", n, got, want, body)
			}
			if !strings.HasPrefix(text, before) {
				t.Fatalf("turn %d does not go on from the one before it:\n%s\n%s", n, text, before)
			}
			if n > 1 && answers[n-2] != "" && !strings.Contains(text, answers[n-2]) {
				t.Fatalf("turn %d lacks what was answered: %s", n, body)
			}
			before = text
		}
	})
}

// TestConversationBeginsAnew: a turn that is shorter than what goes before it drops that.
func TestConversationBeginsAnew(t *testing.T) {
	turns := conversation(4, func(int) (int64, int64) { return 100, 50 })
	turns[2].InputTokens = new(int64(80))
	turns[3].InputTokens = new(int64(200))
	for n, messages := range map[int]int{2: 3, 3: 1, 4: 3} {
		body, err := new(Prompter).Conversation(turns[:n], make([]string, n))
		if err != nil {
			t.Fatal(err)
		}
		b := struct{ Messages []struct{ Content string } }{}
		if err := json.Unmarshal(body, &b); err != nil || len(b.Messages) != messages {
			t.Errorf("turn %d: %d messages, want %d, %v", n, len(b.Messages), messages, err)
		}
		total := int64(DefaultTemplateTokens)
		for _, m := range b.Messages {
			total += byWords(m.Content)
		}
		if total != *turns[n-1].InputTokens {
			t.Errorf("turn %d: %d tokens", n, total)
		}
	}
}

func TestLearnTurn(t *testing.T) {
	s := &server{template: 11, turn: 13, count: byWords}
	p := &Prompter{Conversations: true}
	turns := conversation(3, func(int) (int64, int64) { return 100, 50 })
	turns[1].API = schema.APIOllamaGenerate // it is asked in the last one's all the same
	if _, err := p.Learn(t.Context(), turns[:1], s.prompted, s.tokenize); err != nil {
		t.Fatal(err)
	}
	body, err := p.Conversation(turns, make([]string, 3))
	if got := s.tokens(body); err != nil || got != *turns[2].InputTokens {
		t.Errorf("%d tokens, want %d, %v", got, *turns[2].InputTokens, err)
	}
}
