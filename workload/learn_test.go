package workload

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"metron/internal/tokenizer"
	"metron/schema"
	"metron/workload/prompt"
)

// server counts prompts as one does that has a tokenizer and a chat template.
type server struct {
	template, turn int64
	count          func(text string) int64 // of its tokenizer; nil: it takes no text
	ids            bool                    // it takes token ids
	tokenizes      bool                    // it has /tokenize
	mute           bool                    // it reports no usage
	asked          int
}

func (s *server) prompted(_ context.Context, _ *schema.Record, body []byte) (int64, error) {
	s.asked++
	if s.mute {
		return -1, nil
	}
	return s.tokens(body), nil
}

// tokens is -1 for a request that it refuses.
func (s *server) tokens(body []byte) int64 {
	var r struct {
		Messages []struct{ Content string }
		Prompt   json.RawMessage
	}
	var ids []int
	var text string
	switch {
	case json.Unmarshal(body, &r) != nil:
		return -1
	case json.Unmarshal(r.Prompt, &ids) == nil && s.ids:
		return int64(len(ids))
	case json.Unmarshal(r.Prompt, &text) == nil:
		return s.count(text)
	case len(r.Messages) == 0:
		return -1
	}
	n := s.template + s.turn*int64(len(r.Messages)/2)
	for _, m := range r.Messages {
		n += s.count(m.Content)
	}
	return n
}

func (s *server) tokenize(_ context.Context, _ *schema.Record, text string) (int64, error) {
	if !s.tokenizes {
		return -1, nil
	}
	return s.count(text) + 1, nil // with a token that begins every text
}

func byWords(text string) int64 { return int64(len(strings.Fields(text))) }

// byHalves takes some words as two tokens.
func byHalves(text string) (n int64) {
	for _, word := range strings.Fields(text) {
		if n++; word[0] < 'd' {
			n++
		}
	}
	return n
}

func byLetters(text string) int64 { return int64(len(text)) }

func TestLearn(t *testing.T) {
	for _, c := range []struct {
		name   string
		server server
		api    string
		p      Prompter
		note   string
		off    float64 // of prompts' lengths at most, share
	}{
		{"its words, its template", server{template: 40, count: byWords}, schema.APIChat, Prompter{}, "256 words of one token each; the target adds 40", 0},
		{"no template", server{count: byWords}, schema.APICompletions, Prompter{}, "256 words of one token each; the target adds 0", 0},
		{"ids where it takes them", server{ids: true}, schema.APICompletions, Prompter{TryIDs: prompt.IDRange(1000, 31_999)}, "31,000 token ids of one token each; the target adds 0", 0},
		{"words where it does not", server{count: byWords}, schema.APICompletions, Prompter{TryIDs: prompt.IDRange(1000, 31_999)}, "256 words of one token each; the target adds 0", 0},
		{"another vocabulary, that can be asked", server{template: 9, count: byHalves, tokenizes: true}, schema.APIChat, Prompter{}, "210 words of one token each; the target adds 9", 0},
		{"another vocabulary, that cannot", server{template: 9, count: byHalves}, schema.APIChat, Prompter{}, "256 words of 1.179 tokens on average; the target adds 9; off by", 0.05},
		{"no words at all", server{template: 9, count: byLetters, tokenizes: true}, schema.APIChat, Prompter{}, "256 words of 5.000 tokens on average; the target adds 8; off by -0.20 %", 0.05},
		{"nothing is told", server{mute: true, count: byWords, template: DefaultTemplateTokens}, schema.APIChat, Prompter{}, "256 words, not checked: the target does not count", 0},
	} {
		p, s := &c.p, &c.server
		r := request(1, 600, 9)
		r.API = c.api
		notes, err := p.Learn(t.Context(), []*schema.Record{&r}, s.prompted, s.tokenize)
		if err != nil || len(notes) != 1 || !strings.HasPrefix(notes[0], c.api+": "+c.note) {
			t.Errorf("%s: %q, %v", c.name, notes, err)
		}
		if s.asked > 5 {
			t.Errorf("%s: %d trial requests", c.name, s.asked)
		}
		for _, want := range []int64{50, 600, 5000} {
			r.InputTokens = &want
			body, err := p.Body(&r)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.tokens(body); math.Abs(float64(got-want)) > c.off*float64(want) {
				t.Errorf("%s: %d tokens, want %d within %v", c.name, got, want, c.off)
			}
		}
	}
}

func TestLearnErrors(t *testing.T) {
	r := request(1, 600, 9)
	r.API = schema.APICompletions
	p := &Prompter{IDs: prompt.IDRange(1000, 31_999)}
	s := &server{count: byWords}
	if _, err := p.Learn(t.Context(), []*schema.Record{&r}, s.prompted, s.tokenize); err == nil || !strings.Contains(err.Error(), "does not take token ids") {
		t.Errorf("ids that are refused: %v", err)
	}
	gone := errors.New("gone")
	fails := func(context.Context, *schema.Record, []byte) (int64, error) { return -1, gone }
	if _, err := new(Prompter).Learn(t.Context(), []*schema.Record{&r}, fails, s.tokenize); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}

// TestPerWord: before a target was asked, the average that a tokenizer tells holds.
func TestPerWord(t *testing.T) {
	r := request(1, 5000, 9)
	s := &server{template: DefaultTemplateTokens, count: byHalves, ids: true}
	p := &Prompter{PerWord: 1.18, IDs: prompt.IDRange(1000, 31_999)}
	for api, off := range map[string]float64{schema.APIChat: 0.05 * 5000, schema.APICompletions: 0} {
		r.API = api
		body, err := p.Body(&r)
		if got := s.tokens(body); err != nil || math.Abs(float64(got-5000)) > off {
			t.Errorf("%s: %d tokens, %v", api, got, err)
		}
	}
}

// TestExactWithRealTokenizers: prompts are as long as asked for whatever vocabulary the
// server has, once it was asked. Those of testdata hold a few hundred tokens: too few words.
func TestExactWithRealTokenizers(t *testing.T) {
	for _, name := range []string{"cl100k_base", "o200k_base", "p50k_base", "r50k_base"} {
		tok, err := tokenizer.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		s := server{template: 12, turn: 10, count: func(text string) int64 { return int64(tok.Count(text)) }}
		p := &Prompter{}
		r := request(1, 4000, 9)
		if _, err := p.Learn(t.Context(), []*schema.Record{&r}, s.prompted, s.tokenize); err != nil {
			t.Fatal(err)
		}
		r.BlockHashes, r.BlockSize = []int64{1, 2, 3, 4, 5, 6}, new(int64(512))
		body, err := p.Body(&r)
		if got := s.tokens(body); err != nil || got != 4000 {
			t.Errorf("%s: %d tokens, %v", name, got, err)
		}
	}
}
