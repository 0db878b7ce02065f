package burstiness

import "math"

// Gaps gathers the time between arrivals. Add arrivals in their order. The
// zero value is ready to use.
type Gaps struct {
	arrivals        int64
	firstUS, lastUS int64
	mean, squares   float64 // Welford's: of the gaps, and the sum of squares about it
}

// Add takes an arrival, not before the last one.
func (g *Gaps) Add(us int64) {
	if g.arrivals++; g.arrivals == 1 {
		g.firstUS, g.lastUS = us, us
		return
	}
	gap := float64(us - g.lastUS)
	g.lastUS = us
	delta := gap - g.mean
	g.mean += delta / float64(g.N())
	g.squares += delta * (gap - g.mean)
}

// N is the number of gaps.
func (g *Gaps) N() int64 { return max(0, g.arrivals-1) }

// MeanUS is the mean gap; false where there is none.
func (g *Gaps) MeanUS() (float64, bool) {
	if g.N() < 1 {
		return 0, false
	}
	return float64(g.lastUS-g.firstUS) / float64(g.N()), true
}

// CV is the sample standard deviation of the gaps over their mean; false where
// there are fewer than two, or all arrivals are at one time.
func (g *Gaps) CV() (float64, bool) {
	if g.N() < 2 || g.lastUS == g.firstUS {
		return 0, false
	}
	mean, _ := g.MeanUS()
	return math.Sqrt(g.squares/float64(g.N()-1)) / mean, true
}
