package workload

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"

	"metron/internal/term"
	"metron/schema"
	"metron/workload/prompt"
)

// learned is how a target counts, by API.
type learned struct {
	added     map[string]int64   // tokens that it adds to a prompt
	turn      map[string]int64   // and to each question with its answer before the last
	perSymbol map[string]float64 // tokens that a symbol is, 1 but where the alphabet is not the target's
}

// target is what may be asked of one before a run; both give a number of tokens, below 0
// where the target does not tell.
type target struct {
	prompted func(ctx context.Context, r *schema.Record, body []byte) (int64, error)
	tokenize func(ctx context.Context, r *schema.Record, text string) (int64, error)
}

const fewSymbols = 16 // of the shorter one of two trial prompts

// Learn finds out what a target makes of prompts for rows like these, one of each
// API: how many tokens it adds, and whether each symbol is one for it. It says so, a
// line for each that differs. prompted sends a request and gives the tokens that the target counts in its
// prompt, tokenize those of a text by the target's tokenizer; below 0 it does not tell.
func (p *Prompter) Learn(ctx context.Context, rows []*schema.Record,
	prompted func(context.Context, *schema.Record, []byte) (int64, error),
	tokenize func(context.Context, *schema.Record, string) (int64, error)) ([]string, error) {
	t := target{prompted, tokenize}
	var notes []string
	of := map[string][]string{} // APIs
	for _, r := range rows {
		note, err := p.learn(ctx, t, small(r))
		if err != nil {
			return nil, err
		}
		if of[note] == nil {
			notes = append(notes, note)
		}
		of[note] = append(of[note], r.API)
	}
	for i, note := range notes {
		notes[i] = strings.Join(of[note], ", ") + ": " + note
	}
	return notes, nil
}

// small is a row like r with a short answer, whose prompt is its own.
func small(r *schema.Record) *schema.Record {
	s := *r
	s.RecordID, s.OutputTokens, s.BlockHashes, s.ChoiceCount = uuid.New(), new(int64(1)), nil, 1
	return &s
}

func (p *Prompter) learn(ctx context.Context, t target, r *schema.Record) (string, error) {
	required := p.IDs != nil
	if !required && r.API == schema.APICompletions {
		p.IDs = p.TryIDs
	}
	base, per, err := p.fit(ctx, t, r)
	if err == nil && p.byIDs(r.API) && (base < 0 || per != 1) {
		if required {
			return "", term.WithHint(fmt.Errorf("the target does not take token ids for a prompt, or does not count them"), "--prompts text; --token-ids FROM-TO if its vocabulary is small")
		}
		p.IDs = nil
		base, per, err = p.fit(ctx, t, r)
	}
	if err == nil && base >= 0 && per != 1 {
		// Another vocabulary than these words are of: those that it has, too, will do.
		var some *prompt.Alphabet
		if some, err = p.known(ctx, t, r); err == nil && some != nil {
			p.Words = some
			base, per, err = p.fit(ctx, t, r)
		}
	}
	switch sort := p.sort(r.API); {
	case err != nil:
		return "", err
	case base < 0:
		return sort + ", not checked: the target does not count", nil
	case per == 1:
		p.learned.set(r.API, base, 1)
		if err = p.learnTurn(ctx, t, r); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s of one token each; the target adds %d", sort, base), nil
	default:
		p.learned.set(r.API, base, per)
		off, err := p.check(ctx, t, r)
		if err != nil {
			return "", err
		}
		if err = p.learnTurn(ctx, t, r); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s of %.3f tokens on average; the target adds %d; off by %+.2f %% in a trial", sort, per, base, off), nil
	}
}

// sort says what prompts of an API are made of.
func (p *Prompter) sort(api string) string {
	name := "words"
	if p.byIDs(api) {
		name = "token ids"
	}
	return term.Count(int64(p.alphabet(api).Size())) + " " + name
}

func (l *learned) set(api string, added int64, per float64) {
	if l.added == nil {
		*l = learned{map[string]int64{}, map[string]int64{}, map[string]float64{}}
	}
	l.added[api], l.perSymbol[api] = added, per
}

// fit sends two prompts, of a few symbols and of all of them, and gives what the
// target adds to a prompt, -1 if it does not count, and the tokens of a symbol.
func (p *Prompter) fit(ctx context.Context, t target, r *schema.Record) (added int64, per float64, err error) {
	size := min(p.alphabet(r.API).Size(), 1024)
	short, err := p.count(ctx, t, r, fewSymbols)
	if err != nil || short < 0 {
		return -1, 1, err
	}
	long, err := p.count(ctx, t, r, size)
	if err != nil || long < 0 {
		return -1, 1, err
	}
	per = float64(long-short) / float64(size-fewSymbols)
	if per <= 0 { // a count that does not depend on the prompt is none
		return -1, 1, nil
	}
	return max(0, int64(math.Round(float64(short)-per*fewSymbols))), per, nil
}

// count has the target count a prompt of the first so many symbols of the
// alphabet, spread over it.
func (p *Prompter) count(ctx context.Context, t target, r *schema.Record, symbols int) (int64, error) {
	a := p.alphabet(r.API)
	body, err := p.body(r, int64(symbols), func(b []byte) []byte {
		for i := range symbols {
			b = append(b, a.Symbol(i*a.Size()/symbols)...)
		}
		return b
	})
	if err != nil {
		return 0, err
	}
	return t.prompted(ctx, r, body)
}

// checkTokens is the length of the prompt that a fit is tried on.
const checkTokens = 1000

// check gives how far a prompt's length is off, in percent.
func (p *Prompter) check(ctx context.Context, t target, r *schema.Record) (off float64, err error) {
	want := int64(checkTokens)
	r.InputTokens = &want
	body, err := p.Body(r)
	if err != nil {
		return 0, err
	}
	got, err := t.prompted(ctx, r, body)
	return 100 * float64(got-want) / float64(want), err
}

// known is the alphabet of those words that are one token for the target's
// tokenizer, nil if it cannot be asked or has too few.
func (p *Prompter) known(ctx context.Context, t target, r *schema.Record) (*prompt.Alphabet, error) {
	return prompt.Words().Known(func(text string) (int64, error) { return t.tokenize(ctx, r, text) })
}
