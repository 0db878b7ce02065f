package prefill

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// What Envelope takes to be the lower edge of the times, and how near to it a time
// must lie to be that of a prefill alone. A wait for others mostly adds more.
const (
	edge = 0.1  // quantile of the times at each length; not the minimum, which is luck
	near = 0.25 // of the edge
)

// badMedian is when the curve fits badly: half of the points lie farther off it
// than this share of themselves.
const badMedian = 0.1

const (
	minLengths = 3      // a curve of three coefficients
	maxPoints  = 20_000 // more are thinned out: they tell a curve of three coefficients nothing
	resamples  = 200    // of the bootstrap
	maxDrawn   = 1_000  // points of each
)

// Fit fits a model to measurements of a server with nothing else to do, by least
// squares of the relative error: a prompt of 100 tokens counts as much as one of
// 100,000.
func Fit(points []Point) (*Model, error) {
	points, err := prepare(points)
	if err != nil {
		return nil, err
	}
	return fit(points, leastSquares), nil
}

// Envelope fits a model to the lower edge of times that other requests may have
// made longer. The edge is a quantile regression; the model is the median
// regression over the points near it, because the edge of a server whose times
// vary lies below what a prefill takes. Where fewer than a quarter of the points
// lie near, the edge is no such curve, and the model is a line along it.
func Envelope(points []Point) (*Model, error) {
	points, err := prepare(points)
	if err != nil {
		return nil, err
	}
	below := quantileCurve(thin(points), edge)
	var core []Point
	for _, p := range points {
		if at := below.at(float64(p.Tokens)); math.Abs(float64(p.US)-at) <= near*at {
			core = append(core, p)
		}
	}
	if 4*len(core) < len(points) || lengths(thin(core)) < minLengths {
		m := newModel(points)
		points = thin(points)
		m.Knots = rising(points, edge)
		m.Residual = residuals(m, points)
		return m, nil
	}
	return fit(core, func(points []Point) Quadratic { return quantileCurve(points, 0.5) }), nil
}

// prepare sorts the points, so that a fit does not depend on their order.
func prepare(points []Point) ([]Point, error) {
	for _, p := range points {
		if p.Tokens < 0 || p.US < 1 {
			return nil, fmt.Errorf("fit prefill: %d tokens in %d us cannot be", p.Tokens, p.US)
		}
	}
	points = byLength(points)
	if n := lengths(thin(points)); n < minLengths {
		return nil, fmt.Errorf("fit prefill: prompts of %d different lengths: a curve needs %d", n, minLengths)
	}
	return points, nil
}

func newModel(points []Point) *Model {
	return &Model{Format: Format, Version: Version, Points: len(points),
		MinTokens: points[0].Tokens, MaxTokens: points[len(points)-1].Tokens}
}

func fit(points []Point, curveOf func([]Point) Quadratic) *Model {
	m := newModel(points)
	points = thin(points)
	curve := curveOf(points)
	m.Curve = &curve
	m.Residual = residuals(m, points)
	if m.Residual.Median > badMedian && lineIsBetter(points) {
		m.Curve, m.Knots = nil, rising(points, 0.5)
		m.Residual = residuals(m, points)
		return m
	}
	m.CI95 = bootstrap(points, curve, curveOf)
	return m
}

func byLength(points []Point) []Point {
	return slices.SortedFunc(slices.Values(points), func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.Tokens, b.Tokens), cmp.Compare(a.US, b.US))
	})
}

func thin(points []Point) []Point {
	if len(points) <= maxPoints {
		return points
	}
	out := make([]Point, maxPoints)
	for i := range out {
		out[i] = points[i*(len(points)-1)/(maxPoints-1)]
	}
	return out
}

func lengths(sorted []Point) int {
	return len(slices.CompactFunc(slices.Clone(sorted), func(a, b Point) bool { return a.Tokens == b.Tokens }))
}

// leastSquares is the curve of least squared relative error.
func leastSquares(points []Point) Quadratic {
	return nonNegative(points, func(int) float64 { return 1 })
}

// quantileCurve is the quantile regression: least squares with the weights of the
// absolute error, unequal above and below, again and again until it stands.
func quantileCurve(points []Point, quantile float64) Quadratic {
	const rounds, still, smallest = 60, 1e-6, 1e-4
	curve := leastSquares(points)
	for range rounds {
		next := nonNegative(points, func(i int) float64 {
			p := points[i]
			off := 1 - curve.at(float64(p.Tokens))/float64(p.US)
			weight := quantile
			if off < 0 {
				weight = 1 - quantile
			}
			return weight / max(math.Abs(off), smallest)
		})
		moved := 0.0
		for _, p := range []Point{points[0], points[len(points)/2], points[len(points)-1]} {
			at := curve.at(float64(p.Tokens))
			moved = max(moved, math.Abs(next.at(float64(p.Tokens))-at)/max(at, 1))
		}
		if curve = next; moved < still {
			break
		}
	}
	return curve
}

// bootstrap is the middle 95 % of each coefficient over fits to points drawn from the
// points that the curve was fitted to. Of many points it draws fewer (m out of n), whose
// fits lie farther off: by the root of n/m.
func bootstrap(points []Point, curve Quadratic, curveOf func([]Point) Quadratic) *CurveRange {
	rnd := rand.New(rand.NewPCG(1, uint64(len(points))))
	drawn := make([]Point, min(len(points), maxDrawn))
	nearer := math.Sqrt(float64(len(drawn)) / float64(len(points)))
	var constants, perToken, perSq []float64
	for range resamples {
		for i := range drawn {
			drawn[i] = points[rnd.IntN(len(points))]
		}
		slices.SortFunc(drawn, func(a, b Point) int { return cmp.Compare(a.Tokens, b.Tokens) })
		c := curveOf(drawn)
		constants, perToken, perSq = append(constants, c.ConstantUS), append(perToken, c.PerTokenUS), append(perSq, c.PerTokenSq)
	}
	low, high := resamples/40, resamples-1-resamples/40
	for _, v := range []struct {
		drawn []float64
		whole float64
	}{{constants, curve.ConstantUS}, {perToken, curve.PerTokenUS}, {perSq, curve.PerTokenSq}} {
		slices.Sort(v.drawn)
		for i := range v.drawn {
			v.drawn[i] = v.whole + nearer*(v.drawn[i]-v.whole)
		}
	}
	return &CurveRange{Quadratic{constants[low], perToken[low], perSq[low]}, Quadratic{constants[high], perToken[high], perSq[high]}}
}

func residuals(m *Model, points []Point) Residuals {
	off := make([]float64, len(points))
	for i, p := range points {
		us, _ := m.US(p.Tokens)
		off[i] = math.Abs(float64(us-p.US)) / float64(p.US)
	}
	slices.Sort(off)
	n := len(off)
	return Residuals{Median: off[(n-1)/2], P90: off[(9*n+9)/10-1], Max: off[n-1]}
}
