package search

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestSearchInVirtualTime is a small part of TestProof: a coarse search for the capacity of a small
// server, whose queue remembers for minutes. Its truth is that of lab.truth.
func TestSearchInVirtualTime(t *testing.T) {
	l := lab{"queue", "small-gpu", "poisson:rate=%v", "lognormal:median=700,sigma=0.8", "lognormal:median=100,sigma=0.7", "ttft.p90<=1s"}
	s, err := l.search(Config{FromRate: 4, Precision: 0.08, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := s.Result()
	if r.Ended != Precise || r.Capacity == nil || math.Abs(*r.Capacity/6.466-1) > 0.1 {
		t.Fatalf("%+v, want a capacity of about 6.466", r)
	}
	if width := *r.Interval.High - *r.Interval.Low; width/2 > 0.08**r.Capacity {
		t.Errorf("interval %+v of %v is wider than was asked", r.Interval, *r.Capacity)
	}
}

// truth is where the SLO of a lab holds in runs that are a hundred times as long as the shortest of a
// search: the logit of the share beyond the limit of the part that binds, as a line through runs
// at rates about it. slope is that of the line.
func (l lab) truth(t *testing.T, seeds int) (rate, slope float64) {
	t.Helper()
	s, err := l.search(Config{FromRate: 16, Precision: 0.03, Seed: 990_000_000})
	if err != nil {
		t.Fatal(err)
	}
	middle := *s.Result().Capacity
	var x, y []float64
	seed := uint64(980_000_000)
	for _, at := range []float64{0.98, 1, 1.02} {
		p := Plan{Rate: middle * at, WarmupS: 60, CooldownS: 10}
		p.Requests = int(100 * leastS * p.Rate)
		worst := math.Inf(-1)
		sums := map[string]Count{}
		tolerances := map[string]float64{}
		for range seeds {
			p.Seed = seed
			seed++
			r, err := l.quick(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range r.Parts {
				sum := sums[part.Name]
				for _, w := range part.Windows {
					sum.Beyond, sum.Values = sum.Beyond+w.Beyond, sum.Values+w.Values
				}
				sums[part.Name], tolerances[part.Name] = sum, part.Tolerance
			}
		}
		for name, sum := range sums {
			worst = max(worst, logit(float64(sum.Beyond)/float64(sum.Values))-logit(tolerances[name]))
		}
		x, y = append(x, math.Log(p.Rate)), append(y, worst)
	}
	slope = (y[2] - y[0]) / (x[2] - x[0])
	mean := (y[0] + y[1] + y[2]) / 3
	return math.Exp(x[1] - mean/slope), slope
}

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

// bisect looks for the capacity as one does by hand: with one run at each rate, so many times as long as the
// shortest of a search, which costs less than as many runs and starts fewer of them with an empty queue. Like the search
// it doubles the rate with short runs first, whose verdicts it then checks, leaves off runs that are hopeless, and
// ends when the bracket is as narrow as was asked.
func (l lab) bisect(rate, precision float64, times int, seed uint64) (low, high, seconds float64, err error) {
	passes := func(rate float64, requests int) bool {
		p := Plan{Rate: rate, Requests: requests, WarmupS: DefaultSettleS, CooldownS: DefaultSettleS, Seed: seed, Abort: true}
		seed++
		r, failed := l.quick(p)
		seconds += r.Seconds
		err = failed
		return !r.failed()
	}
	surely := func(rate float64) bool { return passes(rate, int(float64(times)*leastS*rate)) }
	for high = rate; err == nil && passes(high, explore); {
		high *= 2
	}
	for low = high / 2; err == nil && !surely(low); {
		low, high = low/2, low
	}
	for err == nil && surely(high) {
		low, high = high, 2*high
	}
	for err == nil && high > low*(1+2*precision) {
		if rate = (low + high) / 2; surely(rate) {
			low = rate
		} else {
			high = rate
		}
	}
	return low, high, seconds, err
}

// TestProof is the proof of docs/capacity.md, of so many seeds as METRON_PROOF says. METRON_PROOF_LAB
// chooses one of the labs.
func TestProof(t *testing.T) {
	seeds, _ := strconv.Atoi(os.Getenv("METRON_PROOF"))
	if seeds == 0 {
		t.Skip("METRON_PROOF=200 runs it")
	}
	for _, l := range labs() {
		if only := os.Getenv("METRON_PROOF_LAB"); strings.Contains(l.name, only) {
			t.Run(l.name, func(t *testing.T) { l.prove(t, seeds) })
		}
	}
}

func (l lab) prove(t *testing.T, seeds int) {
	truth, slope := l.truth(t, 30)
	fmt.Printf("%s: truth %.3f requests/s, slope %.1f\n", l.name, truth, slope)
	// Where a search begins decides which rates it meets: each begins elsewhere.
	start := func(seed int) float64 { return math.Pow(2, math.Mod(float64(seed)*math.Phi, 1)-0.5) }
	near, covered, seconds := 0, 0, 0.0
	for seed := range seeds {
		s, err := l.search(Config{FromRate: start(seed), Seed: 5_000_000 + 1000*uint64(seed)})
		if err != nil {
			t.Fatal(err)
		}
		r := s.Result()
		off := *r.Capacity/truth - 1
		in := *r.Interval.Low <= truth && truth <= *r.Interval.High
		if math.Abs(off) <= 0.05 {
			near++
		}
		if in {
			covered++
		}
		seconds += r.Seconds
		fmt.Printf("%s %d: %.3f (%+.1f %%), %.3f to %.3f, covers %v, %s after %d runs, %.0f s; so far %d near, %d covered of %d, %.0f s each\n", l.name, seed,
			*r.Capacity, 100*off, *r.Interval.Low, *r.Interval.High, in, r.Ended, r.Runs, r.Seconds, near, covered, seed+1, seconds/float64(seed+1))
	}
	if 10*near < 9*seeds || 10*covered < 9*seeds {
		t.Errorf("%d of %d within 5 %%, %d intervals cover the truth", near, seeds, covered)
	}
	l.proveBisectionSlower(t, truth, seconds/float64(seeds), float64(covered)/float64(seeds), (seeds+3)/4, start)
}

// proveBisectionSlower gives bisection longer and longer runs, up to twice the seconds that a search takes: within
// those it must not enclose the truth as often as the search's intervals cover it.
func (l lab) proveBisectionSlower(t *testing.T, truth, seconds, covered float64, seeds int, start func(seed int) float64) {
	took := 0.0 // by each
	for n := 1; took < 2*seconds; n = max(n+1, int(math.Ceil(float64(n)*2*seconds/took))) {
		enclosed := 0
		took = 0
		for seed := range seeds {
			low, high, s, err := l.bisect(start(seed), DefaultPrecision, n, 100_000_000+100_000*uint64(seed))
			if err != nil {
				t.Fatal(err)
			}
			if took += s / float64(seeds); low <= truth && truth <= high {
				enclosed++
			}
		}
		fmt.Printf("%s: bisection with runs %d times as long covers %d of %d, %.0f s each\n", l.name, n, enclosed, seeds, took)
		if took < 2*seconds && float64(enclosed) >= covered*float64(seeds) {
			t.Errorf("bisection with runs %d times as long encloses as often in %.0f s as the search in %.0f s", n, took, seconds)
		}
	}
}
