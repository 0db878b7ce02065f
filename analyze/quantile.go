package analyze

import (
	"math"
)

// Method says how a percentile is read off sorted values.
type Method string

const (
	Nearest Method = "nearest" // the ceil(qN)-th smallest value: one that occurred; the default
	Linear  Method = "linear"  // numpy's interpolation between two neighbours
)

// Methods lists every method, the default first.
func Methods() []Method { return []Method{Nearest, Linear} }

// quantile is the q-quantile of n values whose rank-th smallest, from 0, is at(rank).
func (m Method) quantile(q Fraction, n int64, at func(rank int64) float64) float64 {
	if m == Linear {
		return numpyQuantile(q.Float(), n, at)
	}
	return at(nearestRank(q, n))
}

// nearestRank is ceil(qn) as a rank from 0, in integers.
func nearestRank(q Fraction, n int64) int64 {
	return max(1, (q.Num*n+q.Den-1)/q.Den) - 1
}

// numpyQuantile interpolates as numpy.quantile does by default, to the last bit.
func numpyQuantile(q float64, n int64, at func(rank int64) float64) float64 {
	position := float64(n-1) * q
	rank := math.Floor(position)
	part := position - rank
	low := at(int64(rank))
	if int64(rank)+1 >= n {
		return low
	}
	high := at(int64(rank) + 1)
	// From the nearer end, so that a part of 1 would give high itself.
	if part >= 0.5 {
		return high - (high-low)*(1-part)
	}
	return low + (high-low)*part
}

// numpyMean adds in pairs of blocks as numpy.mean does, to the last bit.
func numpyMean(values []float64) float64 { return pairwiseSum(values) / float64(len(values)) }

// Block sizes of numpy's pairwise summation.
const (
	pairwiseLanes = 8
	pairwiseBlock = 128
)

func pairwiseSum(values []float64) float64 {
	n := len(values)
	switch {
	case n < pairwiseLanes:
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		return sum
	case n > pairwiseBlock:
		half := n / 2
		half -= half % pairwiseLanes
		return pairwiseSum(values[:half]) + pairwiseSum(values[half:])
	}
	var lane [pairwiseLanes]float64
	whole := n - n%pairwiseLanes
	for i := 0; i < whole; i += pairwiseLanes {
		for j := range lane {
			lane[j] += values[i+j]
		}
	}
	sum := ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]))
	for _, v := range values[whole:] {
		sum += v
	}
	return sum
}

// sortedQuantile is quantile over values in ascending order.
func (m Method) sortedQuantile(q Fraction, sorted []float64) float64 {
	return m.quantile(q, int64(len(sorted)), func(rank int64) float64 { return sorted[rank] })
}
