package analyze

import (
	"math"
	"math/bits"
)

// counter counts the deadlines of a stream as Exact or Docs does. It may stop as soon
// as it has missed more than most.
type counter func(gaps []int64, d Deadlines, most int64) Score

// minTBTDeadline returns the smallest TBT deadline at which the streams of one
// request, together, miss no more than the share rho of their deadlines, and
// false where no deadline is long enough: a late first token stays late however
// slowly the others may come. d.TBT is not read.
//
// It searches by doubling its steps from near a guess (0: the mean gap), and then by
// halving: the miss rate never rises with the deadline, because a longer one leaves at
// least as much slack before every token. That holds for Exact and for Docs.
func minTBTDeadline(streams [][]int64, d Deadlines, rho Fraction, count counter, guess int64) (int64, bool) {
	most := maxMissed(streams, rho)
	holds := func(tbt int64) bool {
		d.TBT = tbt
		var sum Score
		for _, gaps := range streams {
			if sum = sum.Add(count(gaps, d, most)); sum.Missed > most {
				return false
			}
		}
		return rho.Holds(sum.Missed, sum.Total())
	}
	bounds := deadlineBounds(streams, d)
	high := bounds.top
	if bounds.zero.ok {
		high = bounds.zero.tbt // nothing is missed there
	} else if !holds(high) {
		return 0, false
	}
	if guess == 0 {
		guess = bounds.mean
	}
	low := int64(0) // holds(high), and low does not or is 0
	if at := max(1, guess); at < high {
		step := at/32 + 1 // most minima lie about so near to the mean
		if holds(at) {
			for high = at; high-step > low && holds(high-step); step *= 2 {
				high -= step
			}
			low = max(low, high-step)
		} else {
			for low = at; low+step < high && !holds(low+step); step *= 2 {
				low += step
			}
			high = min(high, low+step)
		}
	}
	for high-low > 1 {
		if middle := low + (high-low)/2; holds(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high, true
}

// maxMissed is how many deadlines may be missed at most: each token meets one or
// misses some, so missed/(met+missed) <= rho needs missed*(1-rho) <= tokens*rho.
func maxMissed(streams [][]int64, rho Fraction) int64 {
	tokens := int64(0)
	for _, gaps := range streams {
		tokens += int64(len(gaps))
	}
	if rho.Num >= rho.Den {
		return math.MaxInt64
	}
	hi, lo := bits.Mul64(uint64(tokens), uint64(rho.Num))
	if left := uint64(rho.Den - rho.Num); hi < left {
		quotient, _ := bits.Div64(hi, lo, left)
		return int64(min(quotient, math.MaxInt64))
	}
	return math.MaxInt64
}

// zeroMissDeadline is the smallest deadline at which nothing is missed.
type zeroMissDeadline struct {
	tbt int64
	ok  bool // false: the first token is late
}

// minBounds is what one look at the gaps says about minimum deadlines.
type minBounds struct {
	top  int64 // no longer deadline helps
	mean int64 // of the gaps between tokens
	zero zeroMissDeadline
}

// deadlineBounds finds the bounds. That for no miss at all is a closed form: with S_k
// the sum of the first k decode gaps, token k+1 is on time as long as
// S_k <= slack + k*D for every k up to it.
func deadlineBounds(streams [][]int64, d Deadlines) minBounds {
	b := minBounds{top: 1, zero: zeroMissDeadline{tbt: 1, ok: true}}
	total, between := int64(0), int64(0)
	for _, gaps := range streams {
		if len(gaps) == 0 {
			continue
		}
		slack := int64(0)
		if !d.DecodeOnly {
			slack = d.TTFT - gaps[0]
			if slack < 0 {
				b.zero.ok = false
				b.top = max(b.top, -slack+1)
				slack = 0
			}
		}
		sum := -slack
		for i, g := range gaps[1:] {
			b.top = max(b.top, g)
			sum += g
			// sum/k rounds up to more than zero.tbt only if k*zero.tbt < sum: the
			// product is cheaper than the division, and seldom fails.
			if k := int64(i + 1); sum > k*b.zero.tbt {
				b.zero.tbt = (sum + k - 1) / k
			}
		}
		total += sum + slack
		between += int64(len(gaps) - 1)
	}
	b.mean = total / max(1, between)
	return b
}
