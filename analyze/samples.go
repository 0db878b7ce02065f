package analyze

import (
	"math"
	"slices"

	"metron/analyze/stat"
)

// Samples keeps one value a request: integers of microseconds or tokens, exact
// as float64 up to 2^53, or ratios of them. +Inf stands for a value beyond every
// other and is never printed. Samples of disjoint parts merge into those of the
// whole: what is computed does not depend on their order. The zero value is
// ready to use.
type Samples struct {
	values []float64
	sorted bool
}

// Add keeps a value.
func (s *Samples) Add(v float64) {
	s.values = append(s.values, v)
	s.sorted = false
}

// Merge keeps all that o kept.
func (s *Samples) Merge(o *Samples) {
	s.values = append(s.values, o.values...)
	s.sorted = false
}

// Count is how many values there are.
func (s *Samples) Count() int64 { return int64(len(s.values)) }

// Sorted returns the values in ascending order; they stay the property of s.
func (s *Samples) Sorted() []float64 {
	if !s.sorted {
		slices.Sort(s.values)
		s.sorted = true
	}
	return s.values
}

// Mean is the mean of the values, NaN where there are none.
func (s *Samples) Mean() float64 {
	sum := 0.0
	for _, v := range s.Sorted() {
		sum += v
	}
	return sum / float64(len(s.values))
}

// Summary describes the values divided by scale.
func (s *Samples) Summary(m Method, scale float64) Summary {
	sorted := s.Sorted()
	out := percentiles(m, s.Count(), func(rank int64) float64 { return sorted[rank] / scale })
	if len(sorted) == 0 {
		return out
	}
	mean := s.Mean()
	out.Mean = finite(mean / scale)
	out.CI95 = &Intervals{}
	for _, p := range summaryPercentiles() {
		*p.interval(out.CI95) = between(stat.QuantileRanks(p.fraction().Float(), s.Count()), sorted, scale)
	}
	if len(sorted) > 1 {
		squares := 0.0
		for _, v := range sorted {
			squares += (v - mean) * (v - mean)
		}
		out.Stddev = finite(math.Sqrt(squares/float64(len(sorted)-1)) / scale)
		out.CI95.Mean = stat.Mean(mean/scale, math.Sqrt(squares/float64(len(sorted)-1))/scale, s.Count())
	}
	return out
}

// between is the interval from one rank to another.
func between(r stat.Ranks, sorted []float64, scale float64) (i stat.Interval) {
	if r.LowKnown {
		i.Low = finite(sorted[r.Low] / scale)
	}
	if r.HighKnown {
		i.High = finite(sorted[r.High] / scale)
	}
	return i
}
