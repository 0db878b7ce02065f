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
	blocks []block
	count  int64
	sorted bool
}

// blockSize values stand together, so that neither one more of them nor a merge copies
// those that are there.
const blockSize = 1024

// block holds its values in one of two ways: four bytes are enough for most.
type block struct {
	small []uint32
	large []float64
}

func (b *block) len() int { return len(b.small) + len(b.large) }

func (b *block) add(v float64) {
	if b.large == nil {
		if small := uint32(max(0, min(v, math.MaxUint32))); float64(small) == v {
			b.small = append(b.small, small)
			return
		}
		b.large, b.small = b.appendTo(make([]float64, 0, max(cap(b.small), 8))), nil
	}
	b.large = append(b.large, v)
}

func (b *block) appendTo(values []float64) []float64 {
	for _, v := range b.small {
		values = append(values, float64(v))
	}
	return append(values, b.large...)
}

// Add keeps a value.
func (s *Samples) Add(v float64) {
	switch n := len(s.blocks); {
	case n == 0:
		s.blocks = append(s.blocks, block{})
	case s.blocks[n-1].len() == blockSize: // by now it will be full, too
		s.blocks = append(s.blocks, block{small: make([]uint32, 0, blockSize)})
	}
	s.blocks[len(s.blocks)-1].add(v)
	s.count++
	s.sorted = false
}

// Merge takes all that o kept.
func (s *Samples) Merge(o *Samples) {
	s.blocks = append(s.blocks, o.blocks...)
	s.count += o.count
	s.sorted = false
	*o = Samples{}
}

// Count is how many values there are.
func (s *Samples) Count() int64 { return s.count }

// Values are all of them, in the order in which they came, unless Sorted was called.
func (s *Samples) Values() []float64 {
	values := make([]float64, 0, s.count)
	for i := range s.blocks {
		values = s.blocks[i].appendTo(values)
	}
	return values
}

// Sorted returns the values in ascending order.
func (s *Samples) Sorted() []float64 {
	values := s.Values()
	if !s.sorted {
		slices.Sort(values)
		*s = Samples{}
		for _, v := range values {
			s.Add(v)
		}
		s.sorted = true
	}
	return values
}

// Mean is the mean of the values, NaN where there are none.
func (s *Samples) Mean() float64 { return meanOf(s.Sorted()) }

func meanOf(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// Summary describes the values divided by scale.
func (s *Samples) Summary(m Method, scale float64) Summary {
	sorted := s.Sorted()
	out := percentiles(m, s.Count(), func(rank int64) float64 { return sorted[rank] / scale })
	if len(sorted) == 0 {
		return out
	}
	mean := meanOf(sorted)
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
