package llmsim

import (
	"errors"
	"math"
	"reflect"
	"testing"
)

// token is one emission and the virtual time that it was made at.
type token struct {
	seq   *Sequence
	index int
	us    int64
}

// simulate runs arrivals, in order of time, through an engine in virtual time.
// check sees every step.
func simulate(t testing.TB, e *Engine, arrivals []*Sequence, check func(startUS int64, s Step)) []token {
	t.Helper()
	var out []token
	var freeUS int64
	for range 1_000_000 {
		if running, queued := e.Load(); running+queued == 0 {
			if len(arrivals) == 0 {
				return out
			}
			freeUS = max(freeUS, arrivals[0].ArrivalUS)
		}
		for len(arrivals) > 0 && arrivals[0].ArrivalUS <= freeUS {
			if err := e.Submit(arrivals[0]); err != nil {
				t.Fatal(err)
			}
			arrivals = arrivals[1:]
		}
		start, ok := e.NextUS(freeUS)
		if !ok {
			t.Fatal("the engine has work and no next step")
		}
		step := e.Step(start)
		if check != nil {
			check(start, step)
		}
		freeUS = start + step.DurationUS
		for _, m := range step.Emissions {
			out = append(out, token{m.Sequence, m.Index, freeUS})
		}
	}
	t.Fatal("the engine did not come to an end within 1,000,000 steps")
	return nil
}

func engine(t testing.TB, c EngineConfig) *Engine {
	t.Helper()
	e, err := NewEngine(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// gapsUS are the times between the tokens of one sequence.
func gapsUS(tokens []token, s *Sequence) []int64 {
	var gaps []int64
	last := int64(-1)
	for _, k := range tokens {
		if k.seq != s {
			continue
		}
		if last >= 0 {
			gaps = append(gaps, k.us-last)
		}
		last = k.us
	}
	return gaps
}

var testCost = Cost{
	PrefillUS: 1000, PrefillTokenUS: 10, PrefillSquareNS: 4,
	DecodeUS: 2000, DecodeSequenceUS: 100, DecodeContextTokenNS: 500,
}

func TestIsolatedPromptIsTheQuadratic(t *testing.T) {
	for _, stepTokens := range []int{0, 64, 1000} {
		for _, n := range []int{1, 63, 64, 65, 1000, 4096} {
			e := engine(t, EngineConfig{MaxBatch: 8, StepTokens: stepTokens, Cost: testCost})
			tokens := simulate(t, e, []*Sequence{{ArrivalUS: 500, PromptTokens: n, OutputTokens: 1}}, nil)
			x := float64(n)
			want := 1000 + 10*x + 0.004*x*x
			// Every chunk is rounded to a microsecond.
			chunks := 1 + n/max(1, stepTokens)
			if got := float64(tokens[0].us - 500); math.Abs(got-want) > float64(chunks) {
				t.Errorf("step tokens %d, prompt %d: first token after %v us, want %v", stepTokens, n, got, want)
			}
		}
	}
}

func TestLongPromptStallsDecodesBesideIt(t *testing.T) {
	const budget, prompt = 128, 1000
	run := func(stepTokens int) (alone, beside []int64) {
		e := engine(t, EngineConfig{MaxBatch: 8, StepTokens: stepTokens, Cost: testCost})
		victim := &Sequence{PromptTokens: 10, OutputTokens: 100}
		long := &Sequence{ArrivalUS: 100_000, PromptTokens: prompt, OutputTokens: 1}
		tokens := simulate(t, e, []*Sequence{victim, long}, nil)
		for _, g := range gapsUS(tokens, victim) {
			// A decode alone: 2000 + 100 + at most 0.5 us for each of 110 tokens of context.
			if g <= 2155 {
				alone = append(alone, g)
			} else {
				beside = append(beside, g)
			}
		}
		return alone, beside
	}

	// In chunks: a token of the budget is the victim's, the rest the prompt's.
	alone, beside := run(budget)
	if want := (prompt + budget - 2) / (budget - 1); len(beside) != want {
		t.Errorf("%d gaps are stalled, want one for each of %d chunks", len(beside), want)
	}
	if len(alone)+len(beside) != 99 {
		t.Errorf("%d gaps, want 99", len(alone)+len(beside))
	}
	for _, g := range beside[:len(beside)-1] {
		if g < 2100+10*(budget-1) {
			t.Errorf("a stalled gap is %d us: shorter than its chunk", g)
		}
	}
	// All at once: one gap holds the whole prompt.
	_, beside = run(0)
	if len(beside) != 1 || beside[0] < 1000+10*prompt {
		t.Errorf("without chunks the stalled gaps are %v us, want one of at least %d", beside, 1000+10*prompt)
	}
}

func TestDecodeStepGrowsWithBatchAndContext(t *testing.T) {
	last := int64(0)
	for batch := 1; batch <= 32; batch *= 2 {
		e := engine(t, EngineConfig{Cost: testCost})
		var seqs []*Sequence
		for range batch {
			seqs = append(seqs, &Sequence{PromptTokens: 100, OutputTokens: 5})
		}
		tokens := simulate(t, e, seqs, nil)
		gap := gapsUS(tokens, seqs[0])[0]
		want := int64(2000 + 100*batch + int(math.Round(0.5*101*float64(batch))))
		if gap != want || gap <= last {
			t.Errorf("batch %d: the first gap is %d us, want %d, more than %d", batch, gap, want, last)
		}
		last = gap
	}
	e := engine(t, EngineConfig{Cost: testCost})
	s := &Sequence{PromptTokens: 1, OutputTokens: 1000}
	gaps := gapsUS(simulate(t, e, []*Sequence{s}, nil), s)
	if gaps[998]-gaps[0] != 499 { // 998 tokens of 0.5 us more, rounded
		t.Errorf("gaps grow by %d us over 998 tokens of context, want 499", gaps[998]-gaps[0])
	}
}

func TestBatchAndQueueAreBounded(t *testing.T) {
	e := engine(t, EngineConfig{MaxBatch: 2, MaxQueue: 3, Cost: testCost})
	var seqs []*Sequence
	for range 5 {
		s := &Sequence{PromptTokens: 10, OutputTokens: 3}
		if err := e.Submit(s); err != nil {
			t.Fatalf("sequence %d: %v", len(seqs), err)
		}
		seqs = append(seqs, s)
	}
	extra := &Sequence{PromptTokens: 10, OutputTokens: 3}
	if err := e.Submit(extra); !errors.Is(err, ErrQueueFull) {
		t.Fatalf("the sixth sequence: %v, want ErrQueueFull", err)
	}
	step := e.Step(0)
	if running, queued := e.Load(); running != 2 || queued != 3 {
		t.Fatalf("%d running, %d queued, want 2 and 3", running, queued)
	}
	// A cancelled sequence makes room at once, and all of a group fit or none.
	e.Cancel(seqs[4])
	if err := e.Submit(extra, &Sequence{PromptTokens: 1, OutputTokens: 1}); !errors.Is(err, ErrQueueFull) {
		t.Fatalf("two for one place: %v, want ErrQueueFull", err)
	}
	if err := e.Submit(extra); err != nil {
		t.Fatal(err)
	}
	e.Cancel(seqs[0])
	now := step.DurationUS
	var order []*Sequence
	for now < 1_000_000 {
		start, ok := e.NextUS(now)
		if !ok {
			break
		}
		step := e.Step(start)
		now = start + step.DurationUS
		if running, _ := e.Load(); running > 2 {
			t.Fatalf("%d running, want at most 2", running)
		}
		for _, m := range step.Emissions {
			if m.Last {
				order = append(order, m.Sequence)
			}
		}
	}
	if want := []*Sequence{seqs[1], seqs[2], seqs[3], extra}; !reflect.DeepEqual(order, want) {
		t.Errorf("%d sequences finished, and not the four that were left, in order of arrival", len(order))
	}
}

func TestEngineRefusesWhatCannotWork(t *testing.T) {
	for _, c := range []EngineConfig{
		{MaxBatch: -1}, {MaxQueue: 5}, {StepTokens: 10}, {StepTokens: 10, MaxBatch: 11}, {JitterSigma: math.NaN()},
		{JitterSigma: 3}, {Cost: Cost{DecodeUS: -1}}, {Cost: Cost{PrefillTokenUS: math.Inf(1)}},
	} {
		if _, err := NewEngine(c); err == nil {
			t.Errorf("NewEngine(%+v) gave no error", c)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	e := engine(b, EngineConfig{MaxBatch: 256, StepTokens: 2048, Cost: testCost, JitterSigma: 0.1})
	for range 256 {
		e.Submit(&Sequence{PromptTokens: 1, OutputTokens: math.MaxInt})
	}
	e.Step(0)
	b.ReportAllocs()
	for b.Loop() {
		e.Step(0)
	}
}
