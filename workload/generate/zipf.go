package generate

import (
	"math"
	"math/rand/v2"
	"sort"
)

// mostZipf bounds the table of a Zipf distribution.
const mostZipf = 1 << 24

// openZipf draws from min to max, the k-th value with a probability in proportion
// to k^-theta, exactly: by looking the draw up in the sums. Without scramble the
// smallest value is the most frequent one; with it the values are shuffled, the same
// way for the same seed, so that the frequent ones lie anywhere.
//
// Note: Etalon draws by YCSB's approximation, which leaves out the last term of its
// sums and takes no theta of 1 or more, and scrambles by a hash that differs from
// process to process and sends several values to one.
func openZipf(s *spec, streams streams) numbers {
	theta := s.value("theta", 0)
	low := math.Round(s.value("min", 0))
	high := math.Round(s.value("max", low))
	src := rand.New(streams.of(s.flag))
	scrambled := s.word("scramble")
	if high-low >= mostZipf {
		s.fail("%v values are more than the %d that a table takes", high-low+1, mostZipf)
		high = low
	}
	n := int(high-low) + 1
	sums := make([]float64, n)
	sum := 0.0
	for k := range sums {
		sum += math.Pow(float64(k+1), -theta)
		sums[k] = sum
	}
	var order []int
	if scrambled {
		order = rand.New(streams.of(s.flag + " scramble")).Perm(n)
	}
	return func() float64 {
		u := float64(src.Float64() * sum)
		k := min(n-1, sort.Search(n, func(k int) bool { return sums[k] > u }))
		if order != nil {
			k = order[k]
		}
		return low + float64(k)
	}
}
