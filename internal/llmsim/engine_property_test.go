package llmsim

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestStepsFollowFromTheSeed(t *testing.T) {
	run := func(seed uint64) []token {
		e := engine(t, EngineConfig{MaxBatch: 4, StepTokens: 50, Cost: testCost, JitterSigma: 0.2, Seed: seed})
		var seqs []*Sequence
		for i := range 20 {
			seqs = append(seqs, &Sequence{ArrivalUS: int64(i) * 5000, PromptTokens: 10 * (i + 1), OutputTokens: 5 + i})
		}
		tokens := simulate(t, e, seqs, nil)
		for i := range tokens {
			for n, s := range seqs {
				if tokens[i].seq == s {
					tokens[i].seq = nil
					tokens[i].index += 1000 * n
				}
			}
		}
		return tokens
	}
	if !reflect.DeepEqual(run(1), run(1)) {
		t.Error("one seed gave two runs")
	}
	if reflect.DeepEqual(run(1), run(2)) {
		t.Error("two seeds gave one run")
	}
}

func TestJitterHasMeanOne(t *testing.T) {
	e := engine(t, EngineConfig{JitterSigma: 0.3, Seed: 5})
	const n = 20000
	var sum, squares float64
	for range n {
		v := float64(e.jitter(1e6)) / 1e6
		sum += v
		squares += v * v
	}
	mean := sum / n
	sd := math.Sqrt(squares/n - mean*mean)
	wantSD := math.Sqrt(math.Exp(0.09) - 1)
	if math.Abs(mean-1) > 0.01 || math.Abs(sd-wantSD) > 0.02 {
		t.Errorf("mean %.4f, standard deviation %.4f, want 1 and %.4f", mean, sd, wantSD)
	}
}

// TestTokensAreConserved: every token that was asked for is made exactly once,
// in order, by a sequence that was not cancelled; every prompt token is
// computed or cached; no step holds more than its budget, no batch more than
// its bound, and nothing starts before it arrived.
func TestTokensAreConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := EngineConfig{Cost: testCost, JitterSigma: 0.1, Seed: rapid.Uint64().Draw(t, "seed"), BlockTokens: 4}
		c.MaxBatch = rapid.IntRange(0, 6).Draw(t, "batch")
		if c.MaxBatch > 0 && rapid.Bool().Draw(t, "chunked") {
			c.StepTokens = c.MaxBatch + rapid.IntRange(0, 40).Draw(t, "step tokens")
		}
		c.CacheBlocks = rapid.IntRange(-1, 8).Draw(t, "cache")
		e, err := NewEngine(c)
		if err != nil {
			t.Fatal(err)
		}
		var arrivals []*Sequence
		at := int64(0)
		for range rapid.IntRange(0, 25).Draw(t, "sequences") {
			at += rapid.Int64Range(0, 20000).Draw(t, "gap")
			n := rapid.IntRange(1, 120).Draw(t, "prompt")
			arrivals = append(arrivals, &Sequence{
				ArrivalUS: at, PromptTokens: n, OutputTokens: rapid.IntRange(1, 30).Draw(t, "output"),
				Blocks: BlockHashes(make([]int64, n), 4),
			})
		}
		all := append([]*Sequence(nil), arrivals...)
		cancelled := map[*Sequence]bool{}
		made := map[*Sequence]int{}
		prefill, now := 0, int64(0)
		for {
			for len(arrivals) > 0 && arrivals[0].ArrivalUS <= now {
				if err := e.Submit(arrivals[0]); err != nil {
					t.Fatal(err)
				}
				arrivals = arrivals[1:]
			}
			if len(all) > 0 && rapid.IntRange(0, 19).Draw(t, "cancel") == 0 {
				s := all[rapid.IntRange(0, len(all)-len(arrivals)).Draw(t, "which")%len(all)]
				if s.ArrivalUS <= now && made[s] < s.OutputTokens {
					e.Cancel(s)
					cancelled[s] = true
				}
			}
			start, ok := e.NextUS(now)
			if !ok {
				if len(arrivals) == 0 {
					break
				}
				now = arrivals[0].ArrivalUS
				continue
			}
			step := e.Step(start)
			if used := step.PrefillTokens + step.Decodes; c.StepTokens > 0 && used > c.StepTokens {
				t.Fatalf("a step holds %d tokens, its budget is %d", used, c.StepTokens)
			}
			if running, _ := e.Load(); c.MaxBatch > 0 && running > c.MaxBatch {
				t.Fatalf("%d sequences in the batch, its bound is %d", running, c.MaxBatch)
			}
			if step.PrefillTokens+step.Decodes == 0 {
				t.Fatal("a step does nothing")
			}
			prefill += step.PrefillTokens
			for _, m := range step.Emissions {
				made[m.Sequence]++
				switch {
				case cancelled[m.Sequence]:
					t.Fatal("a cancelled sequence makes tokens")
				case m.Sequence.ArrivalUS > start:
					t.Fatalf("a step at %d us computes a sequence that arrives at %d us", start, m.Sequence.ArrivalUS)
				case m.Index != made[m.Sequence]:
					t.Fatalf("token %d comes where token %d was due", m.Index, made[m.Sequence])
				case m.Last != (m.Index == m.Sequence.OutputTokens):
					t.Fatalf("token %d of %d: last is %v", m.Index, m.Sequence.OutputTokens, m.Last)
				}
			}
			now = start + step.DurationUS
		}
		want := 0
		for _, s := range all {
			if cancelled[s] {
				continue
			}
			want += s.PromptTokens - s.CachedTokens
			if made[s] != s.OutputTokens {
				t.Fatalf("%d tokens made of %d", made[s], s.OutputTokens)
			}
		}
		if prefill < want || len(cancelled) == 0 && prefill != want {
			t.Fatalf("%d prompt tokens computed, %d were not cached", prefill, want)
		}
	})
}
