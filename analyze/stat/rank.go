package stat

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// exactPairs and exactValues are how many values a rank test still counts every
// arrangement of, if none are tied. Beyond, the normal approximation errs by less than
// a reader sees.
const (
	exactPairs  = 50
	exactValues = 20
)

// MannWhitney compares two independent samples. P is the two-sided probability of ranks
// as uneven as these where both come from one distribution, and A12 the probability that
// a value of x is larger than one of y, ties counting half: 0.5 is no difference
// (Mann and Whitney 1947, with midranks, the variance corrected for ties and the
// correction for continuity; Vargha and Delaney 2000). False where a sample is empty.
func MannWhitney(x, y []float64) (p, a12 float64, ok bool) {
	if len(x) == 0 || len(y) == 0 {
		return 0, 0, false
	}
	n, m := float64(len(x)), float64(len(y))
	ranks, ties := midranks(slices.Concat(x, y))
	sum := 0.0
	for _, r := range ranks[:len(x)] {
		sum += r
	}
	u := sum - n*(n+1)/2
	a12 = u / (n * m)
	if ties == 0 && len(x) <= exactValues && len(y) <= exactValues {
		return twoSided(rankSums(len(x), len(y)), int(u)), a12, true
	}
	all := n + m
	variance := n * m / 12 * (all + 1 - ties/(all*(all-1)))
	return normalP(u-n*m/2, variance), a12, true
}

// Wilcoxon is the two-sided probability of differences as lopsided as these where they
// are as often positive as negative: the signed-rank test with zeros left out (Wilcoxon
// 1945; midranks, the variance corrected for ties and the correction for continuity).
// False where no difference is left.
func Wilcoxon(differences []float64) (p float64, ok bool) {
	var sizes []float64
	var positive []bool
	for _, d := range differences {
		if d != 0 {
			sizes, positive = append(sizes, math.Abs(d)), append(positive, d > 0)
		}
	}
	if len(sizes) == 0 {
		return 0, false
	}
	ranks, ties := midranks(sizes)
	sum := 0.0
	for i, r := range ranks {
		if positive[i] {
			sum += r
		}
	}
	n := float64(len(sizes))
	if ties == 0 && len(sizes) <= exactPairs {
		return twoSided(signedSums(len(sizes)), int(sum)), true
	}
	variance := n*(n+1)*(2*n+1)/24 - ties/48
	return normalP(sum-n*(n+1)/4, variance), true
}

// midranks are the ranks from 1 of the values, those of equal ones averaged, and the sum
// of t^3 - t over every t values that are tied.
func midranks(values []float64) (ranks []float64, ties float64) {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	ranks = make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+1+to) / 2
		}
		t := float64(to - from)
		ties += t*t*t - t
		from = to
	}
	return ranks, ties
}

// normalP is the two-sided probability of being as far from the mean, half a step nearer
// because ranks are whole.
func normalP(distance, variance float64) float64 {
	if variance <= 0 {
		return 1 // all values are equal
	}
	distance = max(0, math.Abs(distance)-0.5)
	return min(1, 2*distuv.UnitNormal.Survival(distance/math.Sqrt(variance)))
}

// signedSums counts, for each sum of ranks, the ways in which the ranks 1 to n can be
// given signs so that the positive ones add up to it.
func signedSums(n int) []float64 {
	ways := make([]float64, n*(n+1)/2+1)
	ways[0] = 1
	for rank := 1; rank <= n; rank++ {
		for sum := len(ways) - 1; sum >= rank; sum-- {
			ways[sum] += ways[sum-rank]
		}
	}
	return ways
}

// rankSums counts, for each U, the ways in which n values can stand among m others.
func rankSums(n, m int) []float64 {
	// The generating function is the Gaussian binomial of n+m over n, built a factor
	// (1 - q^(m+i)) / (1 - q^i) at a time.
	ways := make([]float64, n*m+1)
	ways[0] = 1
	for i := 1; i <= n; i++ {
		for u := len(ways) - 1; u >= m+i; u-- {
			ways[u] -= ways[u-m-i]
		}
		for u := i; u < len(ways); u++ {
			ways[u] += ways[u-i]
		}
	}
	return ways
}

// twoSided is twice the smaller tail at a value of a distribution given by counts.
func twoSided(ways []float64, at int) float64 {
	all, low, high := 0.0, 0.0, 0.0
	for i, w := range ways {
		all += w
		if i <= at {
			low += w
		}
		if i >= at {
			high += w
		}
	}
	return min(1, 2*min(low, high)/all)
}
