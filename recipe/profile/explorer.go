package profile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"metron/analyze/prefill"
	"metron/internal/term"
)

// What `metron prefill` asks for unless told otherwise.
const (
	DefaultMax       = 32768
	DefaultRepeat    = 6 // the fewest values whose median has a 95 % interval
	DefaultMore      = 6
	DefaultPrecision = 0.02
)

// Sample is one prompt that was sent to an idle server.
type Sample struct {
	Asked         int64 // tokens that it was to have
	prefill.Point       // as the server counted them, less the cached ones; US 0 where no token came
	Cached        int64 // tokens that the server found in its cache
	Failure       string
	Refused       bool // as what the server does not take, such as a prompt that is too long
}

// Explorer measures a ladder of lengths, and then more where the curve is uncertain.
// Fill the fields, then call Run once.
type Explorer struct {
	Lengths   []int64 // rising
	Repeat    int     // measurements of each
	More      int     // the most lengths that are added
	Precision float64 // share of the curve that its uncertainty is to stay within
	Seed      uint64  // of the order of the measurements

	// Measure sends prompts of these lengths in this order, each alone. Those of a
	// warm-up are not kept.
	Measure func(ctx context.Context, lengths []int64, warmup bool) ([]Sample, error)

	// Tell, if not nil, is told how it goes on, a line at a time.
	Tell func(line string)

	samples []Sample // in the order of their sends
	notes   []string
}

// Run measures, and fits the model.
func (e *Explorer) Run(ctx context.Context) (*prefill.Model, error) {
	lengths, err := e.warmUp(ctx)
	if err != nil {
		return nil, err
	}
	left, rnd := e.More, rand.New(rand.NewPCG(e.Seed, 1))
	for {
		if err := e.measure(ctx, rnd, lengths); err != nil {
			return nil, err
		}
		m, err := prefill.Repeated(told(e.samples))
		if err != nil {
			return nil, err
		}
		gaps := gapsOf(m)
		if len(gaps) > 0 {
			e.tell("%d lengths done, least certain near %s tokens: off by up to %.1f %%", len(m.Lengths), term.Count(gaps[0].middle), 100*gaps[0].off)
		}
		lengths = widest(gaps, e.Precision, min(left, atOnce))
		if left -= len(lengths); len(lengths) == 0 {
			m.Notes = append(e.notes, check(e.samples)...)
			return m, nil
		}
		if _, err := e.Measure(ctx, lengths, true); err != nil {
			return nil, err
		}
	}
}

// shortBy is how far below a length that is refused another is tried: a server whose
// limit is a round number has no room for a prompt of that length and an answer.
const shortBy = 16

// warmUp sends one prompt of each length, of which none counts, and gives those lengths
// that the server takes.
func (e *Explorer) warmUp(ctx context.Context) ([]int64, error) {
	e.tell("warming up with a prompt of each length")
	samples, err := e.Measure(ctx, e.Lengths, true)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(samples, func(s Sample) bool { return s.Refused })
	if i < 0 {
		return e.Lengths, firstToken(samples)
	}
	if i == 0 {
		return nil, fmt.Errorf("measure prefill: the target refused every length: %s", samples[0].Failure)
	}
	top := samples[i].Asked
	e.note("the ladder ends below %s tokens, which the target refused: %s", term.Count(top), samples[i].Failure)
	lengths := slices.DeleteFunc(slices.Clone(e.Lengths), func(n int64) bool { return n >= top })
	if near := top - top/shortBy; near > lengths[len(lengths)-1] {
		again, err := e.Measure(ctx, []int64{near}, true)
		if err != nil {
			return nil, err
		}
		if len(again) == 1 && again[0].Failure == "" {
			lengths = append(lengths, near)
		}
	}
	return lengths, firstToken(samples[:i])
}

// firstToken says why no sample has a time, if none has.
func firstToken(samples []Sample) error {
	if len(told(samples)) > 0 {
		return nil
	}
	for _, s := range samples {
		if s.Failure != "" {
			return fmt.Errorf("measure prefill: no prompt was answered: %s", s.Failure)
		}
	}
	return term.WithHint(fmt.Errorf("measure prefill: the answers have no token whose time tells anything"),
		"--max-tokens 16: some servers send none where an answer may have only one")
}

// measure sends each length e.Repeat times. Between two of one length lie one of each
// other, in an order drawn anew, so that what drifts does not become a part of the curve.
func (e *Explorer) measure(ctx context.Context, rnd *rand.Rand, lengths []int64) error {
	var order []int64
	for range e.Repeat {
		pass := slices.Clone(lengths)
		rnd.Shuffle(len(pass), func(i, j int) { pass[i], pass[j] = pass[j], pass[i] })
		order = append(order, pass...)
	}
	samples, err := e.Measure(ctx, order, false)
	e.samples = append(e.samples, samples...)
	return err
}

func (e *Explorer) note(format string, args ...any) {
	e.notes = append(e.notes, fmt.Sprintf(format, args...))
	e.tell(format, args...)
}

func (e *Explorer) tell(format string, args ...any) {
	if e.Tell != nil {
		e.Tell(fmt.Sprintf(format, args...))
	}
}

// told are the points of the samples that have one.
func told(samples []Sample) (points []prefill.Point) {
	for _, s := range samples {
		if s.Failure == "" && s.US > 0 {
			points = append(points, s.Point)
		}
	}
	return points
}
