package analyze

import (
	"math"
	"slices"
)

// The fluid token generation rate and the acceptance curve leave token 1 out, are
// taken at the 99th percentile of the requests, and call a request fluid that
// misses no more than a tenth of its deadlines: their definition, not a setting.
func fluidMissRate() Fraction { return Fraction{1, 10} }
func fluidQuantile() Fraction { return Fraction{99, 100} }

// curveStepUS and curveSteps are the deadlines of the curve: 1 to 100 ms.
const (
	curveStepUS = 1000
	curveSteps  = 100
)

// Curve collects, for each TBT deadline from 1 to 100 ms, the miss rates of the
// requests as far as their 99th percentile needs them: the largest hundredth.
type Curve struct {
	requests int64
	tails    [curveSteps]tail
}

// NewCurve returns a Curve for at most so many requests, those of all Curves that will be
// merged counted together; -1 if nobody knows how many there will be, and all miss rates
// must be kept.
func NewCurve(requests int64) *Curve {
	keep := math.MaxInt / 2
	if requests >= 0 {
		keep = int(requests/100) + 3
	}
	c := &Curve{}
	for i := range c.tails {
		c.tails[i].keep = keep
	}
	return c
}

// add counts a request.
func (c *Curve) add(s *scorer) {
	c.requests++
	zero := deadlineBounds(s.streams, Deadlines{DecodeOnly: true}).zero
	monotone := s.arithmetic != ArithmeticEtalon // whose floats need not be
	atMost := 1.0                                // what the rate can be here
	for i := range c.tails {
		if monotone && int64(i+1)*curveStepUS >= zero.tbt {
			break // nothing is missed from here on, and zeros need no keeping
		}
		if monotone && atMost <= c.tails[i].floor {
			continue // it never rises with the deadline, and would not be among the largest
		}
		atMost, _ = s.decodeScore(i + 1).MissRate()
		c.tails[i].add(atMost)
	}
}

// Merge adds the requests of o, whose part was disjoint. It panics where the two were made
// for different numbers of requests: what the smaller dropped the whole may need.
func (c *Curve) Merge(o *Curve) {
	if c.tails[0].keep != o.tails[0].keep {
		panic("analyze: merge of acceptance curves that were made for different numbers of requests")
	}
	c.requests += o.requests
	for i := range c.tails {
		for _, v := range o.tails[i].largest {
			c.tails[i].add(v)
		}
	}
}

// Acceptance returns 1 - P99 of the miss rates for each deadline, nothing where there
// were no requests.
func (c *Curve) Acceptance(m Method) []CurvePoint {
	if c.requests == 0 {
		return nil
	}
	points := make([]CurvePoint, curveSteps)
	for i := range points {
		p99 := m.quantile(fluidQuantile(), c.requests, c.tails[i].sorted(c.requests))
		points[i] = CurvePoint{DeadlineS: float64((i+1)*curveStepUS) / 1e6, Acceptance: 1 - p99}
	}
	return points
}

// CurvePoint is one point of the acceptance curve.
type CurvePoint struct {
	DeadlineS  float64 `json:"tbt_deadline_s"`
	Acceptance float64 `json:"acceptance"`
}

// tail keeps the largest of many values that are at least 0.
type tail struct {
	keep    int
	largest []float64 // at most twice keep
	floor   float64   // smaller values are not among the largest
}

func (t *tail) add(v float64) {
	if v <= t.floor {
		return
	}
	if t.largest = append(t.largest, v); len(t.largest) >= 2*t.keep {
		t.cut()
	}
}

// cut sorts the values, largest first, and drops those past keep.
func (t *tail) cut() {
	slices.SortFunc(t.largest, func(a, b float64) int {
		if a > b {
			return -1
		} else if a < b {
			return 1
		}
		return 0
	})
	if len(t.largest) >= t.keep {
		t.largest = t.largest[:t.keep]
		t.floor = t.largest[t.keep-1]
	}
}

// sorted returns the lookup of a rank from 0, in ascending order, among n values
// of which all that were not kept are 0 or too small to be asked for.
func (t *tail) sorted(n int64) func(rank int64) float64 {
	t.cut()
	return func(rank int64) float64 {
		if fromTop := n - 1 - rank; fromTop < int64(len(t.largest)) {
			return t.largest[fromTop]
		}
		return 0
	}
}

// fluidDeadline is the smallest TBT deadline at which 99 % of the requests are
// fluid, of their minimum deadlines with token 1 left out; false where there are none.
func fluidDeadline(minima *Samples, a Arithmetic) (float64, bool) {
	if minima.Count() == 0 {
		return math.NaN(), false
	}
	method := Nearest
	if a == ArithmeticEtalon {
		method = Linear
	}
	return method.sortedQuantile(fluidQuantile(), minima.Sorted()), true
}
