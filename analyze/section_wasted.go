package analyze

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"metron/internal/term"
	"metron/schema"
)

// wasted counts the tokens that came and whose answer was not complete: the server
// made them, and nobody has an answer.
type wasted struct {
	failed    map[string]*Waste // by outcome
	delivered int64             // output tokens of ok requests
}

// Wasted is the section "wasted": of requests in phase measure that were sent and did
// not end ok.
type Wasted struct {
	Waste
	Share     *float64         `json:"output_share"` // of the output tokens of all requests
	ByOutcome map[string]Waste `json:"by_outcome"`
}

// Waste is what failed requests took.
type Waste struct {
	Requests      int64 `json:"requests"`
	InputTokens   int64 `json:"input_tokens"`
	OutputTokens  int64 `json:"output_tokens"`
	InputUnknown  int64 `json:"input_unknown"` // requests that do not say
	OutputUnknown int64 `json:"output_unknown"`
}

func newWasted(*Config) section { return &wasted{failed: map[string]*Waste{}} }

func (s *wasted) add(r *request) {
	switch {
	case !r.isMeasured() || r.outcome == schema.OutcomeNotSent:
	case r.outcome == schema.OutcomeOK:
		s.delivered += r.n.value
	default:
		w := s.of(r.outcome)
		w.Requests++
		addKnown(&w.InputTokens, &w.InputUnknown, r.inputTokens)
		addKnown(&w.OutputTokens, &w.OutputUnknown, r.n)
	}
}

func (s *wasted) of(outcome string) *Waste {
	w := s.failed[outcome]
	if w == nil {
		w = &Waste{}
		s.failed[strings.Clone(outcome)] = w
	}
	return w
}

func (s *wasted) merge(o section) {
	other := o.(*wasted)
	s.delivered += other.delivered
	for outcome, w := range other.failed {
		s.of(outcome).add(w)
	}
}

func (w *Waste) add(o *Waste) {
	w.Requests += o.Requests
	w.InputTokens += o.InputTokens
	w.OutputTokens += o.OutputTokens
	w.InputUnknown += o.InputUnknown
	w.OutputUnknown += o.OutputUnknown
}

func (s *wasted) result(*tally) sectionResult {
	out := &Wasted{ByOutcome: map[string]Waste{}}
	for outcome, w := range s.failed {
		out.add(w)
		out.ByOutcome[outcome] = *w
	}
	if all := out.OutputTokens + s.delivered; all > 0 {
		out.Share = new(float64(out.OutputTokens) / float64(all))
	}
	return out
}

func (w *Wasted) lines() []string {
	if w.Requests == 0 {
		return nil
	}
	line := fmt.Sprintf("%s output tokens (%s) and %s input tokens of %s", term.Count(w.OutputTokens), percent(w.Share),
		term.Count(w.InputTokens), requestsOf(w.Requests))
	var parts []string
	for _, outcome := range slices.Sorted(maps.Keys(w.ByOutcome)) {
		if n := w.ByOutcome[outcome].OutputTokens; n > 0 {
			parts = append(parts, term.Count(n)+" "+outcome)
		}
	}
	if len(parts) > 0 {
		line += "; output of " + strings.Join(parts, ", ")
	}
	return []string{line}
}
