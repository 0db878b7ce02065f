package prefill

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"metron/analyze/stat"
)

// Lengths that lie this near to one another are taken for one, since a server that counts by
// a tokenizer of its own finds prompts of one length a little longer and shorter: no gap
// between them is more than alike of them, or two tokens, and the longest is no more than
// widest times the shortest.
const (
	alike  = 0.08
	widest = 1.2
)

// minRepeats is how many measurements have a median that one of them does not move.
const minRepeats = 3

// Length is what the measurements of one length say, and the model beside them.
type Length struct {
	Tokens   int64  `json:"tokens"`
	Count    int    `json:"count"`
	MedianUS int64  `json:"median_us"`
	LowUS    *int64 `json:"median_low_us,omitempty"` // 95 % interval of the median, of six or more
	HighUS   *int64 `json:"median_high_us,omitempty"`
	MinUS    int64  `json:"min_us"`
	MaxUS    int64  `json:"max_us"`

	ModelUS     int64  `json:"model_us"`
	ModelLowUS  *int64 `json:"model_low_us,omitempty"` // 95 % interval of the curve at this length
	ModelHighUS *int64 `json:"model_high_us,omitempty"`

	TogetherUS *int64 `json:"together_us,omitempty"` // median of Model.Together prompts at once
}

// Repeated fits a model to several measurements of each of some lengths, taken while the
// server had nothing else to do. The curve is that of least squares of the relative error
// of the medians, so that one that was slow for another reason moves nothing, each
// with the weight that its spread leaves it; the intervals come from measurements drawn
// anew at each length.
func Repeated(points []Point) (*Model, error) {
	points, err := prepare(points)
	if err != nil {
		return nil, err
	}
	groups := ofLength(points)
	if !AreRepeated(points) {
		return nil, fmt.Errorf("fit prefill: %d measurements of %d lengths: want three lengths, and most of them measured three times", len(points), len(groups))
	}
	middle := medians(groups, func(g []Point) []Point { return g })
	m := newModel(points)
	weight := worthOf(middle, groups)
	curve := nonNegative(middle, weight)
	m.Curve = &curve
	if m.Residual = residuals(m, middle); m.Residual.Median > badMedian && lineIsBetter(middle) {
		m.Curve, m.Knots = nil, rising(middle, 0.5)
	} else {
		m.drawn = redrawn(groups, weight)
		m.CI95 = rangeOf(m.drawn)
	}
	m.Residual = residuals(m, points)
	for i, g := range groups {
		m.Lengths = append(m.Lengths, m.length(middle[i], g))
	}
	return m, nil
}

// AreRepeated reports whether points are several measurements of each of some lengths, as
// Repeated takes them.
func AreRepeated(points []Point) bool {
	groups := ofLength(byLength(points))
	repeats := make([]int64, len(groups))
	for i, g := range groups {
		if float64(g[len(g)-1].Tokens) > max(widest*float64(g[0].Tokens), float64(g[0].Tokens+4)) {
			return false // any length
		}
		repeats[i] = int64(len(g))
	}
	return len(groups) >= minLengths && median(repeats) >= minRepeats
}

// ofLength cuts sorted points into those of one length.
func ofLength(sorted []Point) (groups [][]Point) {
	if len(sorted) == 0 {
		return nil
	}
	from := 0
	for i, p := range sorted {
		if i > 0 && float64(p.Tokens-sorted[i-1].Tokens) > max(2, alike*float64(sorted[i-1].Tokens)) {
			groups, from = append(groups, sorted[from:i]), i
		}
	}
	return append(groups, sorted[from:])
}

// medians is the middle of what choose takes of each group.
func medians(groups [][]Point, choose func([]Point) []Point) (out []Point) {
	var tokens, times []int64
	for _, g := range groups {
		tokens, times = tokens[:0], times[:0]
		for _, p := range choose(g) {
			tokens, times = append(tokens, p.Tokens), append(times, p.US)
		}
		out = append(out, Point{median(tokens), median(times)})
	}
	return out
}

func median(values []int64) int64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// worthOf is the weight of each group's median: less where half of its measurements lie
// farther off it than those of other lengths do, because others than the server had a
// hand in them.
func worthOf(middle []Point, groups [][]Point) func(group int) float64 {
	var spread, off []float64
	for i, g := range groups {
		off = off[:0]
		for _, p := range g {
			off = append(off, math.Abs(float64(p.US-middle[i].US))/float64(middle[i].US))
		}
		slices.Sort(off)
		spread = append(spread, off[len(off)/2])
	}
	usual := slices.Sorted(slices.Values(spread))[len(spread)/2]
	return func(group int) float64 { return 1 / math.Pow(max(spread[group], 2*usual, 1e-3), 2) }
}

// redrawn are the curves of medians of points drawn anew from each group.
func redrawn(groups [][]Point, weight func(group int) float64) (curves []Quadratic) {
	rnd := rand.New(rand.NewPCG(1, uint64(len(groups))))
	var drawn []Point
	for range resamples {
		curves = append(curves, nonNegative(medians(groups, func(g []Point) []Point {
			drawn = drawn[:0]
			for range g {
				drawn = append(drawn, g[rnd.IntN(len(g))])
			}
			return drawn
		}), weight))
	}
	return curves
}

// rangeOf is the middle 95 % of each coefficient.
func rangeOf(curves []Quadratic) *CurveRange {
	var r CurveRange
	for _, v := range []struct {
		of        func(Quadratic) float64
		low, high *float64
	}{
		{func(q Quadratic) float64 { return q.ConstantUS }, &r.Low.ConstantUS, &r.High.ConstantUS},
		{func(q Quadratic) float64 { return q.PerTokenUS }, &r.Low.PerTokenUS, &r.High.PerTokenUS},
		{func(q Quadratic) float64 { return q.PerTokenSq }, &r.Low.PerTokenSq, &r.High.PerTokenSq},
	} {
		*v.low, *v.high = middle95(curves, v.of)
	}
	return &r
}

func middle95(curves []Quadratic, of func(Quadratic) float64) (low, high float64) {
	values := make([]float64, len(curves))
	for i, c := range curves {
		values[i] = of(c)
	}
	slices.Sort(values)
	n := len(values)
	return values[n/40], values[n-1-n/40]
}

// Band is the 95 % interval of the curve at a length; false where there is none: of
// knots, and of a model that was read from a file.
func (m *Model) Band(tokens int64) (lowUS, highUS int64, ok bool) {
	if len(m.drawn) == 0 {
		return 0, 0, false
	}
	low, high := middle95(m.drawn, func(q Quadratic) float64 { return q.at(float64(tokens)) })
	return int64(low), int64(high), true
}

func (m *Model) length(middle Point, group []Point) Length {
	var times []int64
	for _, p := range group {
		times = append(times, p.US)
	}
	slices.Sort(times)
	l := Length{Tokens: middle.Tokens, Count: len(group), MedianUS: middle.US, MinUS: times[0], MaxUS: times[len(times)-1]}
	if r := stat.QuantileRanks(0.5, int64(len(times))); r.LowKnown && r.HighKnown {
		l.LowUS, l.HighUS = &times[r.Low], &times[r.High]
	}
	l.ModelUS, _ = m.US(l.Tokens)
	if low, high, ok := m.Band(l.Tokens); ok {
		l.ModelLowUS, l.ModelHighUS = &low, &high
	}
	return l
}
