package prefill

import "math"

// terms are 1, L and L^2.
const terms = 3

// nonNegative is the curve with coefficients of at least 0 that has the least
// weighted squared relative error. With three coefficients there are eight sets of
// them that may be above 0, and the best of the eight least-squares solutions
// that come out non-negative is the minimum exactly: no iteration, no tolerance.
func nonNegative(points []Point, weight func(point int) float64) Quadratic {
	// Lengths are scaled to 1, so that the three columns are of like size.
	scale := 1.0
	for _, p := range points {
		scale = max(scale, float64(p.Tokens))
	}
	// Minimise the sum of weight * (1 - c.f/T)^2: moments of the columns f/T.
	var a [terms][terms]float64
	var b [terms]float64
	for n, p := range points {
		w, t, x := weight(n), float64(p.US), float64(p.Tokens)/scale
		f := [terms]float64{1 / t, x / t, x * x / t}
		for i := range f {
			b[i] += w * f[i]
			for j := range f {
				a[i][j] += w * f[i] * f[j]
			}
		}
	}
	best, least := [terms]float64{}, math.Inf(1)
	for set := 1; set < 1<<terms; set++ {
		c, ok := solve(a, b, set)
		if !ok {
			continue
		}
		gain := 0.0 // the error less that of the zero curve
		for i := range c {
			gain -= 2 * c[i] * b[i]
			for j := range c {
				gain += c[i] * a[i][j] * c[j]
			}
		}
		if gain < least {
			best, least = c, gain
		}
	}
	return Quadratic{best[0], best[1] / scale, best[2] / (scale * scale)}
}

// solve solves the normal equations of the terms in set, the others being 0;
// false where they have no one solution, or one below 0.
func solve(a [terms][terms]float64, b [terms]float64, set int) (c [terms]float64, ok bool) {
	for i := range terms {
		if set&(1<<i) == 0 { // c[i] = 0 as an equation
			a[i], b[i] = [terms]float64{}, 0
			for j := range terms {
				a[j][i] = 0
			}
			a[i][i] = 1
		}
	}
	// Gauss without pivoting is stable: a is symmetric and positive definite.
	diagonal := [terms]float64{a[0][0], a[1][1], a[2][2]}
	for i := range terms {
		if a[i][i] <= diagonal[i]*1e-12 {
			return c, false
		}
		for k := i + 1; k < terms; k++ {
			factor := a[k][i] / a[i][i]
			for j := i; j < terms; j++ {
				a[k][j] -= factor * a[i][j]
			}
			b[k] -= factor * b[i]
		}
	}
	for i := terms - 1; i >= 0; i-- {
		c[i] = b[i]
		for j := i + 1; j < terms; j++ {
			c[i] -= a[i][j] * c[j]
		}
		if c[i] /= a[i][i]; c[i] < 0 {
			return c, false
		}
	}
	return c, true
}
