package stat

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Smirnov compares two samples as whole distributions: d is the largest distance between
// their shares at or below a value, and p the probability of one as large where both come
// from one distribution, by Kolmogorov's limit with Stephens' correction for small
// samples (Press et al., Numerical Recipes, 3rd ed., 14.3.3). Ties make p too large,
// never too small. False where a sample is empty.
func Smirnov(x, y []float64) (d, p float64, ok bool) {
	if len(x) == 0 || len(y) == 0 {
		return 0, 0, false
	}
	d = stat.KolmogorovSmirnov(slices.Sorted(slices.Values(x)), nil, slices.Sorted(slices.Values(y)), nil)
	n := math.Sqrt(float64(len(x)) * float64(len(y)) / float64(len(x)+len(y)))
	return d, kolmogorov((n + 0.12 + 0.11/n) * d), true
}

// kolmogorov is the probability that the limit of the scaled distance is larger.
func kolmogorov(x float64) float64 {
	if x < 0.2 { // where the series no longer settles, and is 1 to twelve digits
		return 1
	}
	sum, sign := 0.0, 1.0
	for k := 1.0; ; k++ {
		term := math.Exp(-2 * k * k * x * x)
		sum += sign * term
		if term < 1e-16 {
			return min(1, max(0, 2*sum))
		}
		sign = -sign
	}
}
