package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence is the level of every interval of this package.
const Confidence = 0.95

// z is how many standard errors lie between a normal estimate and either end of its
// interval.
func z() float64 { return distuv.UnitNormal.Quantile(1 - (1-Confidence)/2) }

// Ranks are the order statistics between which a quantile of the population lies, as
// ranks from 0 of the sample in ascending order. A side that the sample cannot bound
// is not Known.
type Ranks struct {
	Low, High           int64
	LowKnown, HighKnown bool
}

// QuantileRanks are the ranks that enclose the q-quantile of the population of which n
// independent values were drawn, whatever its distribution: the number of values below
// the quantile is binomial, and each side is outside with at most half of what the
// level leaves (David and Nagaraja, Order Statistics, 3rd ed., 7.1).
func QuantileRanks(q float64, n int64) Ranks {
	tail := (1 - Confidence) / 2
	var r Ranks
	// low is the largest k, from 1, with P(B < k) <= tail.
	low := search(q, n, tail) // the smallest k with P(B <= k) > tail
	if low >= 1 {
		r.Low, r.LowKnown = low-1, true
	}
	// high is the smallest k with P(B < k) >= 1 - tail.
	high := search(q, n, 1-tail) + 1
	if high <= n {
		r.High, r.HighKnown = high-1, true
	}
	return r
}

// search is the smallest k for which a binomial of n and q is at most k with more than
// the probability p: found from where the normal one is, a few steps away.
func search(q float64, n int64, p float64) int64 {
	mean, deviation := float64(n)*q, math.Sqrt(float64(n)*q*(1-q))
	k := int64(mean + deviation*distuv.UnitNormal.Quantile(p))
	k = min(max(0, k), n)
	for k > 0 && binomialCDF(k-1, n, q) > p {
		k--
	}
	for k < n && binomialCDF(k, n, q) <= p {
		k++
	}
	return k
}

// binomialCDF is the probability of at most k hits among n of probability q.
func binomialCDF(k, n int64, q float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	return mathext.RegIncBeta(float64(n-k), float64(k+1), 1-q)
}

// supportLevel is how sure MLPerf wants to be.
const supportLevel = 0.99

// Support is the number of values from which the q-quantile is more than the place of
// one or two outliers: the smallest n at which two values beyond the quantile are
// to be expected with 99 % (MLPerf Inference's early stopping with one value to spare:
// 64, 130, 662 and 6,636 for p90, p95, p99 and p99.9).
func Support(q float64) int64 {
	enough := func(n float64) bool {
		return math.Pow(q, n)+n*(1-q)*math.Pow(q, n-1) <= 1-supportLevel
	}
	low, high := int64(1), int64(2)
	for !enough(float64(high)) {
		low, high = high, 2*high
	}
	for low < high {
		middle := low + (high-low)/2
		if enough(float64(middle)) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// Cluster is how many of the values of one request lie at or below a quantile, and how
// many it has.
type Cluster struct{ Below, Total int64 }

// Woodruff adds up what the interval of a quantile of values that come in clusters
// needs: tokens of one request are no independent draws. Woodruffs of disjoint parts
// merge. (Woodruff, JASA 47, 1952; the variance is the linearized one of a ratio,
// Cochran, Sampling Techniques, 3rd ed., 9A.)
type Woodruff struct {
	clusters, below, total   int64
	belowSq, bothSq, totalSq int64 // sums of products, in integers so that no order of adding matters
}

// Add counts a cluster.
func (w *Woodruff) Add(c Cluster) {
	w.clusters++
	w.below += c.Below
	w.total += c.Total
	w.belowSq += c.Below * c.Below
	w.bothSq += c.Below * c.Total
	w.totalSq += c.Total * c.Total
}

// Merge counts all that o counted.
func (w *Woodruff) Merge(o *Woodruff) {
	w.clusters += o.clusters
	w.below += o.below
	w.total += o.total
	w.belowSq += o.belowSq
	w.bothSq += o.bothSq
	w.totalSq += o.totalSq
}

// Interval is the interval of the q-quantile as two other quantiles of the pooled
// values, below 0 or above 1 where the values do not bound it; false where the clusters
// are too few, or too much alike, to tell. Those that were added may be a sample of the
// population's, whose quantile it is.
func (w *Woodruff) Interval(q float64, population int64) (low, high float64, ok bool) {
	if w.clusters < 2 || w.total == 0 {
		return 0, 0, false
	}
	share := float64(w.below) / float64(w.total)
	squares := float64(w.belowSq) - 2*share*float64(w.bothSq) + share*share*float64(w.totalSq)
	n := float64(w.clusters)
	deviation := math.Sqrt(max(0, squares)*n/(n-1)) / float64(w.total) * math.Sqrt(n/float64(population))
	return q - z()*deviation, q + z()*deviation, deviation > 0
}
