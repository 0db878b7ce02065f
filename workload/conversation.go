package workload

import (
	"bytes"
	"context"
	"encoding/json"
	"math"

	"metron/internal/forms"
	"metron/schema"
)

// Conversation is the JSON body of the last of the turns of a conversation: what was
// asked and answered before it, and a question of the length that makes the whole as long
// as the row's input. answers are the texts of those before it; "" stands for one that is
// made up, of the turn's output_tokens. Where the whole is shorter than what was before,
// the conversation begins anew.
//
// What goes before stays as it was, turn after turn. Block hashes count for the first
// one alone: the later ones share what it has.
func (p *Prompter) Conversation(turns []*schema.Record, answers []string) ([]byte, error) {
	last := turns[len(turns)-1]
	turns = inAPI(turns, last.API)
	begin, lengths := p.questions(turns)
	var say []func(b []byte) []byte
	for i := begin; i < len(turns); i++ {
		question := *turns[i]
		if i > begin {
			question.BlockHashes = nil
			say = append(say, func(b []byte) []byte { return p.appendAnswer(b, turns[i-1], answers[i-1]) })
		}
		say = append(say, func(b []byte) []byte { return p.appendPrompt(b, &question, lengths[i]) })
	}
	if !hasTurns(last.API) {
		all := say
		say = []func(b []byte) []byte{func(b []byte) []byte {
			for _, one := range all {
				b = one(b)
			}
			return b
		}}
	}
	return p.body(last, p.promptTokens(last), say...)
}

// inAPI gives turns as those of one API, whatever they were recorded in.
func inAPI(turns []*schema.Record, api string) []*schema.Record {
	same := make([]*schema.Record, len(turns))
	for i, r := range turns {
		turn := *r
		turn.API = api
		same[i] = &turn
	}
	return same
}

// hasTurns reports whether an API takes messages; the prompt of others is one text.
func hasTurns(api string) bool {
	return forms.Form(api).Templated() && api != schema.APIOllamaGenerate
}

// questions gives the length of each turn's question, from the turn on at which the
// conversation that the last one belongs to begins.
func (p *Prompter) questions(turns []*schema.Record) (begin int, lengths []int64) {
	before := int64(0) // tokens of what goes before
	for i, r := range turns {
		n := p.promptTokens(r) - p.addedTokens(r.API) - int64(i-begin)*p.learned.turn[r.API] - before
		if i > begin && n < 1 {
			begin, before = i, 0
			n = p.promptTokens(r) - p.addedTokens(r.API)
		}
		n = max(1, n)
		lengths = append(lengths, n)
		before += n + answerTokens(r)
	}
	return begin, lengths
}

// answerTokens is the length of a turn's answer; a conversation has none without.
func answerTokens(r *schema.Record) int64 {
	if r.OutputTokens == nil {
		return 1
	}
	return max(1, *r.OutputTokens)
}

// appendAnswer appends a space and the answer, or one that is made up.
func (p *Prompter) appendAnswer(b []byte, r *schema.Record, answer string) []byte {
	if answer == "" || p.byIDs(r.API) {
		symbols := int64(math.Round(float64(answerTokens(r)) / p.per(r.API)))
		return p.alphabet(r.API).Append(b, p.seedOf(ofAnswer, r), max(1, symbols))
	}
	var quoted bytes.Buffer
	e := json.NewEncoder(&quoted)
	e.SetEscapeHTML(false)
	_ = e.Encode(answer) // a string can be encoded
	text := bytes.TrimSpace(quoted.Bytes())
	return append(append(b, ' '), text[1:len(text)-1]...)
}

// learnTurn finds out what a question and its answer add, beside their texts.
func (p *Prompter) learnTurn(ctx context.Context, t target, r *schema.Record) error {
	if !p.Conversations || !hasTurns(r.API) {
		return nil
	}
	const each = fewSymbols
	say := func(sort uint64) func(b []byte) []byte {
		return func(b []byte) []byte { return p.alphabet(r.API).Append(b, p.seedOf(sort, r), each) }
	}
	body, err := p.body(r, 3*each, say(ofBlock), say(ofAnswer), say(ofRow))
	if err != nil {
		return err
	}
	got, err := t.prompted(ctx, r, body)
	if err != nil || got < 0 {
		return err
	}
	text := int64(math.Round(3 * each * p.per(r.API)))
	p.learned.turn[r.API] = max(0, got-text-p.learned.added[r.API])
	return nil
}
