package search

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
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

// bisection is what bisection would cost and how often it would be right, if at each rate
// as many runs of the shortest length are pooled as it is told, except at rates more than a
// fifth off, where one tells enough. Like the search it begins at a rate and doubles it with short
// runs. Its noise is that of runs at the capacity.
type bisection struct {
	capacity float64
	slope    float64 // of the logit of the share beyond
	noise    float64 // standard deviation of that logit over runs
	runS     float64 // with what goes before and after
	exploreS func(rate float64) float64
}

// from is one of them: how probable it is that the last bracket holds the capacity, and the seconds.
func (b bisection) from(rate, precision float64, runs int) (right, seconds float64) {
	seconds = b.exploreS(rate)
	for rate *= 2; rate < b.capacity; rate *= 2 {
		seconds += b.exploreS(rate)
	}
	seconds += b.exploreS(rate)
	low, high := rate/2, rate
	right = 1
	for high/low > 1+2*precision {
		middle := (low + high) / 2
		off := math.Abs(math.Log(middle / b.capacity))
		n := runs
		if off > 0.2 {
			n = 1
		}
		right *= distuv.UnitNormal.CDF(b.slope * off * math.Sqrt(float64(n)) / b.noise)
		seconds += float64(n) * b.runS
		if middle < b.capacity {
			low = middle
		} else {
			high = middle
		}
	}
	return right, seconds
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
	truth, slope := l.truth(t, 2)
	fmt.Printf("%s: truth %.3f requests/s, slope %.1f\n", l.name, truth, slope)
	const precision = DefaultPrecision
	b := bisection{capacity: truth, slope: slope, runS: leastS + 2*DefaultSettleS,
		exploreS: func(rate float64) float64 { return explore/rate + 2*DefaultSettleS }}
	b.noise = l.noise(t, truth)
	near, covered, seconds := 0, 0, 0.0
	var starts []float64
	for seed := range seeds {
		// Where a search begins decides which rates it meets: each begins elsewhere.
		start := math.Pow(2, math.Mod(float64(seed)*math.Phi, 1)-0.5)
		starts = append(starts, start)
		s, err := l.search(Config{FromRate: start, Seed: 3_000_000 + 1000*uint64(seed)})
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
	seconds /= float64(seeds)
	for runs := 1; ; runs *= 2 {
		right, took := 0.0, 0.0
		for _, start := range starts {
			r, s := b.from(start, precision, runs)
			right, took = right+r/float64(seeds), took+s/float64(seeds)
		}
		fmt.Printf("%s: bisection with %d runs a rate covers %.1f %%, %.0f s\n", l.name, runs, 100*right, took)
		if right >= float64(covered)/float64(seeds) || runs >= 1<<16 {
			if seconds > took/2 {
				t.Errorf("%.0f s a search, bisection %.0f s", seconds, took)
			}
			break
		}
	}
	if 10*near < 9*seeds || 10*covered < 9*seeds {
		t.Errorf("%d of %d within 5 %%, %d intervals cover the truth", near, seeds, covered)
	}
}

// noise is how much the logit of the share beyond the limit differs from run to run, of the part
// that binds, at the capacity: of the shares, since the logit of none is no number.
func (l lab) noise(t *testing.T, rate float64) float64 {
	t.Helper()
	const runs = 24
	shares := map[string][]float64{}
	tolerances := map[string]float64{}
	for i := range runs {
		p := Plan{Rate: rate, Requests: int(leastS * rate), WarmupS: DefaultSettleS, CooldownS: DefaultSettleS, Seed: 970_000_000 + uint64(i)}
		r, err := l.quick(p)
		if err != nil {
			t.Fatal(err)
		}
		for k := range r.Parts {
			if e, ok := r.Parts[k].tally(rate, false); ok {
				shares[r.Parts[k].Name] = append(shares[r.Parts[k].Name], e.beyond/e.of)
				tolerances[r.Parts[k].Name] = r.Parts[k].Tolerance
			}
		}
	}
	binds, noise := math.Inf(-1), 0.0
	for name, s := range shares {
		mean, squares := 0.0, 0.0
		for _, v := range s {
			mean += v / runs
		}
		for _, v := range s {
			squares += (v - mean) * (v - mean) / (runs - 1)
		}
		if over := mean / tolerances[name]; over > binds {
			binds, noise = over, math.Sqrt(squares)/(mean*(1-mean))
		}
	}
	return noise
}
