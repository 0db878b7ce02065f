package generate

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// streams gives every field a random stream of its own: PCG of math/rand/v2,
// whose output Go's documentation fixes, seeded with the generator's seed and the
// FNV-1a hash of the field's name.
type streams uint64

func (s streams) of(field string) *rand.PCG {
	h := fnv.New64a()
	h.Write([]byte(field))
	return rand.NewPCG(uint64(s), h.Sum64())
}

// longestUS bounds a time that was drawn, so that sums of them stay numbers.
const longestUS = 1e15

// microseconds rounds a time in seconds that was drawn.
//
// Machines disagree about the last bit of a logarithm (assembly on one, a fused
// multiply-add on another). Were times summed as they are drawn, a sum would now
// and then round to another microsecond elsewhere, and the file differ. So each
// draw is rounded by itself: another machine gets another integer only where a
// draw lies within a part in 10^15 of the middle between two, which one file of
// a million rows in some ten thousand would meet. What is computed after that is
// integers, or single float64 operations, kept apart by conversions, which the
// language then forbids to fuse. The mean hardly moves: that of exponential gaps of 250 us or
// more by less than a millionth.
func microseconds(seconds float64) int64 {
	return int64(math.Round(min(max(0, seconds*1e6), longestUS)))
}
