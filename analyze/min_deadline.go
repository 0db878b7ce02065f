package analyze

// MinTBTDeadline returns the smallest TBT deadline at which the streams of one
// request, together, miss no more than the share rho of their deadlines, and
// false where no deadline is long enough: a late first token stays late however
// slowly the others may come. d.TBT is not read.
func MinTBTDeadline(streams [][]int64, d Deadlines, rho Fraction) (int64, bool) {
	s := scorer{streams: streams}
	return minTBTDeadline(streams, d, rho, s.score)
}

// minTBTDeadline bisects: the miss rate never rises with the deadline, because a
// longer one leaves at least as much slack before every token. That holds for
// Exact and for Docs.
func minTBTDeadline(streams [][]int64, d Deadlines, rho Fraction, score func(Deadlines) Score) (int64, bool) {
	holds := func(tbt int64) bool {
		d.TBT = tbt
		s := score(d)
		return rho.Holds(s.Missed, s.Total())
	}
	top, zero := deadlineBounds(streams, d)
	if zero.ok {
		top = zero.tbt // nothing is missed there
	} else if !holds(top) {
		return 0, false
	}
	low, high := int64(1), top // holds(high), and nothing below low does
	for low < high {
		middle := low + (high-low)/2
		if holds(middle) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return high, true
}

// zeroMissDeadline is the smallest deadline at which nothing is missed.
type zeroMissDeadline struct {
	tbt int64
	ok  bool // false: the first token is late
}

// deadlineBounds returns a deadline above which no longer one helps, and the
// closed form for rho = 0: with S_k the sum of the first k decode gaps, token k+1
// is on time as long as S_k <= slack + k*D for every k up to it.
func deadlineBounds(streams [][]int64, d Deadlines) (top int64, zero zeroMissDeadline) {
	top, zero = 1, zeroMissDeadline{tbt: 1, ok: true}
	for _, gaps := range streams {
		if len(gaps) == 0 {
			continue
		}
		slack := int64(0)
		if !d.DecodeOnly {
			slack = d.TTFT - gaps[0]
			if slack < 0 {
				zero.ok = false
				top = max(top, -slack+1)
				slack = 0
			}
		}
		sum := -slack
		for i, g := range gaps[1:] {
			top = max(top, g)
			sum += g
			// sum/k rounds up to more than zero.tbt only if k*zero.tbt < sum: the
			// product is cheaper than the division, and seldom fails.
			if k := int64(i + 1); sum > k*zero.tbt {
				zero.tbt = (sum + k - 1) / k
			}
		}
	}
	return top, zero
}
