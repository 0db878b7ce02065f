package analyze

import (
	"context"

	"metron/analyze/linked"
	"metron/schema"
)

// Linked is what the linked charts of a page are drawn from: the run bin by bin, so that
// a window of it is a sum, and the worst requests with their tokens.
type Linked struct {
	Bins linked.Columns `json:"bins"`
	Tail LinkedTail     `json:"tail"`
}

// LinkedTail is the worst requests by each of some measures, tailKept at most, each once.
type LinkedTail struct {
	By       []TailMeasure `json:"by"`
	Requests []TailRequest `json:"requests"`
}

// TailMeasure is what requests are bad by. Worst are indices of LinkedTail.Requests, the
// worst first.
type TailMeasure struct {
	Key   string `json:"key"`
	Worst []int  `json:"worst"`
}

// linkedTally is the part of a tally that Config.Linked asks for.
type linkedTally struct {
	bins linked.Bins
	tail *tailOfRun
}

func newLinkedTally(c *Config) *linkedTally {
	return &linkedTally{bins: linked.NewBins(c.origin), tail: newTailOfRun()}
}

func (l *linkedTally) merge(o *linkedTally) {
	l.bins.Merge(o.bins)
	l.tail.merge(o.tail)
}

// add counts a row that asked a model.
func (l *linkedTally) add(r *request, c *Config) {
	l.addToBin(r)
	l.addInFlight(r)
	if r.whyExcluded() == "" {
		l.addTokens(r)
		l.tail.add(r, c)
	}
}

// addToBin counts a request where it started, as --from and --to select it.
func (l *linkedTally) addToBin(r *request) {
	b := l.bins.At(r.startTime)
	b.Requests++
	if !r.isMeasured() {
		return
	}
	b.Measured++
	if r.outcome != schema.OutcomeNotSent {
		seen := r.lastSeen()
		b.Span(r.startTime+r.sent, linked.Moment{US: r.startTime + seen.value, Known: seen.ok})
	}
	if r.whyExcluded() != "" {
		return
	}
	b.OK++
	addKnown(&b.Input, &b.NoInput, r.inputTokens)
	addKnown(&b.Output, &b.NoOutput, r.n)
	if r.finished.ok {
		b.E2ESum += r.finished.value - r.sent
		b.E2E++
	}
	if !r.streamed || r.tokens.chunks == 0 {
		return
	}
	b.TTFT.Add(r.tokens.first - r.sent)
	b.TTFTSum += r.tokens.first - r.sent
	for _, gaps := range r.tokens.streams {
		for _, g := range gaps[1:] {
			b.TBT.Add(g)
			b.TBTSum += g
		}
	}
	b.Met += r.score.Met
	b.Missed += r.score.Missed
}

// addInFlight counts a request while it lasted, as the section "concurrency" does.
func (l *linkedTally) addInFlight(r *request) {
	if seen := r.lastSeen(); r.isMeasured() && r.outcome != schema.OutcomeNotSent && seen.ok {
		l.bins.Fly(r.startTime+r.sent, r.startTime+seen.value)
	}
}

// addTokens counts tokens where they came, as the section "token_rate" does.
func (l *linkedTally) addTokens(r *request) {
	for at, k := range r.tokensByChunk() {
		l.bins.At(r.startTime + at).Tokens += k
	}
}

// result is the answer, the tail's neighbours read in another pass.
func (l *linkedTally) result(ctx context.Context, a *schema.Archive, c *Config) (*Linked, error) {
	out := &Linked{Bins: l.bins.Columns(), Tail: l.tail.result()}
	return out, readNeighbours(ctx, a, c, out.Tail.Requests)
}
