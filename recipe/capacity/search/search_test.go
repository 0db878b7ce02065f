package search

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"metron/analyze"
)

// curved is a run of a system whose share of values beyond the limit is a known curve, of
// independent values.
func curved(rate, capacity, slope float64, n int, seed uint64) Run {
	rnd := rand.New(rand.NewPCG(seed, 7))
	p := 1 / (1 + math.Exp(-logit(0.1)-slope*(rate/capacity-1)))
	part := Part{Name: "ttft.p90<=1s", Tolerance: 0.1}
	beyond := int64(0)
	for range windows {
		c := Count{Values: int64(n / windows)}
		for range c.Values {
			if rnd.Float64() < p {
				c.Beyond++
			}
		}
		beyond += c.Beyond
		part.Windows = append(part.Windows, c)
	}
	return Run{Rate: rate, Seconds: float64(n) / rate, Pass: new(10*beyond <= int64(n)), Parts: []Part{part}}
}

func TestFindsAKnownCurve(t *testing.T) {
	for _, c := range []struct{ capacity, slope float64 }{{7, 6}, {0.03, 20}} {
		s := New(Config{Seed: 3, Precision: 0.05})
		for p, ok := s.Next(); ok; p, ok = s.Next() {
			s.Observe(curved(p.Rate, c.capacity, c.slope, p.Requests, p.Seed))
		}
		r := s.Result()
		if r.Ended != Precise || math.Abs(*r.Capacity/c.capacity-1) > 0.1 || *r.Interval.Low > *r.Capacity || *r.Interval.High < *r.Capacity {
			t.Errorf("capacity %v: %+v", c.capacity, r)
		}
		for i := range r.Curve {
			if i > 0 && (r.Curve[i].Rate <= r.Curve[i-1].Rate || r.Curve[i].Holds > r.Curve[i-1].Holds) {
				t.Errorf("capacity %v: the curve does not fall: %+v", c.capacity, r.Curve)
			}
		}
	}
}

// TestHistoryIsTheState: whoever observes the same runs asks for the same one next, in whatever
// pieces.
func TestHistoryIsTheState(t *testing.T) {
	whole := New(Config{})
	for range 8 {
		p, _ := whole.Next()
		whole.Observe(curved(p.Rate, 5, 8, p.Requests, p.Seed))
	}
	replayed := New(Config{})
	for _, r := range whole.runs {
		replayed.Observe(r)
	}
	a, _ := whole.Next()
	b, _ := replayed.Next()
	if a != b || !reflect.DeepEqual(whole.Result(), replayed.Result()) {
		t.Errorf("%+v is next, replayed %+v", a, b)
	}
}

// TestOffline: a few runs made for something else bracket the capacity, and two say less than ten.
func TestOffline(t *testing.T) {
	width := func(rates ...float64) float64 {
		s := New(Config{})
		for i, rate := range rates {
			s.Observe(curved(rate, 10, 6, 1000, uint64(i)))
		}
		r := s.Result()
		if r.Capacity == nil || *r.Interval.Low > 10 || *r.Interval.High < 10 {
			t.Fatalf("runs at %v: %+v, want an interval about 10", rates, r)
		}
		return *r.Interval.High - *r.Interval.Low
	}
	if two, ten := width(5, 20), width(5, 6, 7, 8, 9, 11, 12, 14, 16, 20); ten >= two/2 {
		t.Errorf("intervals %v wide of two runs, %v of ten", two, ten)
	}
}

// TestAbortedRunsSayTooMuch: a run that was stopped before anything was measured bounds the
// capacity from above, and one that was stopped says that its share is a least one.
// TestLooserBelievesLess: the fewer and shorter runs a precision is content with, the wider is
// the interval that the same runs give, down to a bound.
func TestLooserBelievesLess(t *testing.T) {
	width := func(precision float64) float64 {
		s := New(Config{Precision: precision})
		for i, rate := range []float64{8, 9, 10, 11, 12} {
			s.Observe(curved(rate, 10, 8, 500, uint64(i)))
		}
		r := s.Result()
		return *r.Interval.High - *r.Interval.Low
	}
	strict, loose, loosest := width(0.025), width(0.05), width(0.35)
	if strict != width(0.01) || loose < 1.2*strict || loosest < 1.2*loose || loosest != width(0.9) {
		t.Errorf("the interval is %v wide, %v for a looser precision, %v for the loosest", strict, loose, loosest)
	}
}

func TestAbortedRunsSayTooMuch(t *testing.T) {
	stopped := curved(20, 10, 1, 1000, 1) // a share of 0.23 where it was stopped
	stopped.Aborted = true
	nothing := Run{Rate: 20, Aborted: true, Parts: []Part{{Name: "ttft.p90<=1s", Tolerance: 0.1}}}
	for _, last := range []Run{stopped, nothing} {
		s := New(Config{})
		s.Observe(curved(5, 10, 6, 1000, 2))
		s.Observe(last)
		if r := s.Result(); r.Capacity == nil || *r.Lowest != 20 || *r.Interval.High > 22 || *r.Interval.Low < 4 {
			t.Errorf("%+v, want an interval from about 5 to 20", r)
		}
	}
}

func TestEnds(t *testing.T) {
	always := func(pass bool) func(Plan) Run {
		return func(p Plan) Run {
			c := Count{Values: 100}
			if !pass {
				c.Beyond = 100
			}
			return Run{Rate: p.Rate, Pass: &pass, Parts: []Part{{Name: "a", Tolerance: 0.1, Windows: []Count{c}}}}
		}
	}
	for _, c := range []struct {
		name   string
		config Config
		run    func(Plan) Run
		want   Why
		runs   int
	}{
		{"all pass", Config{MaxRate: 10}, always(true), AboveMax, 5},
		{"all pass at a rate of five digits", Config{FromRate: 10, MaxRate: 10.004}, always(true), AboveMax, 3},
		{"all pass without end", Config{MaxRuns: 4}, always(true), OutOfRuns, 4},
		{"none passes", Config{FromRate: 8}, always(false), BelowAll, 11},
		{"none passes, though each request is alone", Config{FromRate: 8}, func(p Plan) Run {
			r := always(false)(p)
			r.AnswerS = 0.2 // 0.1 in flight at 0.5/s
			return r
		}, BelowAll, 5},
		{"no verdict", Config{}, func(p Plan) Run { return Run{Rate: p.Rate} }, NoVerdict, 1},
	} {
		s := New(c.config)
		for p, ok := s.Next(); ok; p, ok = s.Next() {
			s.Observe(c.run(p))
		}
		r := s.Result()
		if r.Ended != c.want || r.Runs != c.runs || r.Capacity != nil {
			t.Errorf("%s: %+v, want %s after %d runs and no capacity", c.name, r, c.want, c.runs)
		}
	}
}

func TestShortestRun(t *testing.T) {
	for text, want := range map[string]int{
		"etalon:ttft_tpot": 200, "etalon:tbt_ttft": 200, "ttft.p99<=1s": 662, "ttft<=1s,attainment=0.99": 662, "ttft.p99.9<=1s": 6636,
	} {
		slo, err := analyze.ParseSLO(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := New(Config{SLO: slo}).shortest(); got != want {
			t.Errorf("%s: %d requests, want %d", text, got, want)
		}
	}
}

func TestHopeless(t *testing.T) {
	const rate = 20
	// run is of requests that are answered after a time, so many a second at most.
	run := func(answerS func(*rand.Rand) float64, mostRate float64) (out []Progress) {
		rnd := rand.New(rand.NewPCG(1, 2))
		var ends []float64
		free := 0.0
		for at := 0.0; at < 300; at += rnd.ExpFloat64() / rate {
			free = max(free, at) + 1/mostRate
			ends = append(ends, free+answerS(rnd))
			out = append(out, Progress{AtUS: int64(at * 1e6), Sent: int64(len(ends))})
		}
		slices.Sort(ends)
		for i := range out {
			done, _ := slices.BinarySearch(ends, float64(out[i].AtUS)/1e6)
			out[i].Done = int64(done)
		}
		return out
	}
	takes := func(seconds float64) func(*rand.Rand) float64 { return func(*rand.Rand) float64 { return seconds } }
	spread := func(rnd *rand.Rand) float64 { return 20 * math.Exp(0.7*rnd.NormFloat64()) }
	twoKinds := func(rnd *rand.Rand) float64 { return 1 + 59*float64(rnd.IntN(2)) }
	endless := math.Inf(1)
	for _, c := range []struct {
		name string
		run  []Progress
		want bool // within five minutes
	}{
		{"a server that keeps up", run(takes(2.5), 25), false},
		{"of which it answers nine tenths and more", run(takes(2.5), 19), false},
		{"of which it answers two thirds", run(takes(2.5), 13), true},
		{"endlessly fast, answers of 7 s", run(takes(7), endless), false},
		{"endlessly fast, answers of 60 s", run(takes(60), endless), false},
		{"endlessly fast, answers of 20 s and more and less", run(spread, endless), false},
		{"endlessly fast, answers of 1 s or 60 s", run(twoKinds, endless), false},
		{"answers of 7 s, of which it gives two thirds", run(takes(7), 13), true},
	} {
		stopped := false
		for n := 20; n <= len(c.run); n += 20 {
			is := Hopeless(c.run[:n])
			if s := c.run[n-1].AtUS / 1e6; is && s < fewestS {
				t.Errorf("%s: judged after %d s", c.name, s)
			}
			stopped = stopped || is
		}
		if stopped != c.want {
			t.Errorf("%s: stopped %v, want %v", c.name, stopped, c.want)
		}
	}
	if Hopeless(nil) {
		t.Error("nothing is hopeless")
	}
}

// TestSettles: the measured requests meet as many others as the rate brings about, however long
// answers take.
func TestSettles(t *testing.T) {
	s := New(Config{})
	for _, w := range []struct{ answerS, want float64 }{{0, DefaultSettleS}, {90, 90}, {60, 60}, {120, 60}, {5, DefaultSettleS}} { // who answers later had a queue
		r := curved(1, 100, 6, 100, 1)
		r.AnswerS = w.answerS
		s.Observe(r)
		if p, _ := s.Next(); p.WarmupS != w.want || p.CooldownS != w.want {
			t.Errorf("answers of %v s: settles for %v s and %v s, want %v", w.answerS, p.WarmupS, p.CooldownS, w.want)
		}
	}
}

// TestMinimum: the requests that are asked for at least are those of the first runs, too.
func TestMinimum(t *testing.T) {
	for _, n := range []int{20, 500} {
		if p, _ := New(Config{Requests: n}).Next(); p.Requests != n {
			t.Errorf("at least %d: %d", n, p.Requests)
		}
	}
}

// TestHoldsAtMaxRate: one short run that passes does not say so.
func TestHoldsAtMaxRate(t *testing.T) {
	part := Part{Name: "ttft.p90<=1s", Tolerance: 0.1}
	for range windows {
		part.Windows = append(part.Windows, Count{Values: 6})
	}
	s := New(Config{FromRate: 10, MaxRate: 10})
	s.Observe(Run{Rate: 10, Pass: new(true), Parts: []Part{part}})
	p, more := s.Next()
	if !more || p.Rate != 10 || float64(p.Requests) < leastS*p.Rate {
		t.Fatalf("%+v, %v, want a long run at 10", p, more)
	}
	s.Observe(curved(10, 100, 20, p.Requests, 1))
	if _, more := s.Next(); more || s.Result().Ended != AboveMax {
		t.Errorf("%+v, want that it holds", s.Result())
	}
}

func TestRatesAreRound(t *testing.T) {
	for rate, want := range map[float64]float64{0: 0, 1: 1, 10: 10, 0.07: 0.07, 12345: 12340, 10.004: 10, 9.9999: 9.999, 0.0312399: 0.03123, 100: 100} {
		if got := roundedDown(rate); got != want || got > 0 && rounded(got) != got {
			t.Errorf("%v is rounded down to %v, want %v", rate, got, want)
		}
	}
	for rate, want := range map[float64]float64{1: 1, 0.0312345: 0.03123, 19.98765: 19.99, 123456: 123500} {
		if got := rounded(rate); got != want {
			t.Errorf("%v is rounded to %v, want %v", rate, got, want)
		}
	}
}
