package analyze

// deadlineSearch finds the smallest TBT deadline that holds for one request, looking at no
// more tokens each time than can still be late. Its slices are reused from request to request.
type deadlineSearch struct {
	streams [][]int64
	once    bool // a late token is one miss, however late: Docs, not Exact

	starts      []streamStart
	late, later lateTokens
}

// reset makes it search in another request.
func (s *deadlineSearch) reset(streams [][]int64, a Arithmetic) {
	s.streams, s.once, s.late.from = streams, a == ArithmeticDocs, 0
}

// score counts at a TBT deadline whether it fails, and says which longer one is the first at
// which that may change. Below one that fails none is asked about.
func (s *deadlineSearch) score(tbt int64, fails func(Score) bool) (score Score, next int64) {
	if !s.late.covers(tbt, s.starts) {
		s.late.collect(s.streams, s.starts, tbt)
	}
	score, next = s.later.narrow(&s.late, s.starts, tbt, s.once)
	if fails(score) {
		s.late, s.later = s.later, s.late
	}
	return score, next
}

// minimum returns the smallest TBT deadline at which the streams, together, miss no more
// than the share rho of their deadlines, and false where no deadline is long enough: a late
// first token stays late however slowly the others may come. d.TBT is not read.
//
// The miss rate never rises with the deadline, because a longer one leaves at least as much
// slack before every token; that holds for Exact and for Docs. So it searches between a
// deadline that fails and one that holds: where a straight line between what both miss
// reaches the target, in the middle at times, because the misses are no straight line, and
// at last from one change of the misses to the next.
func (s *deadlineSearch) minimum(d Deadlines, rho Fraction) (int64, bool) {
	s.starts = s.starts[:0]
	for _, gaps := range s.streams {
		s.starts = append(s.starts, startOf(gaps, d))
	}
	fails := func(score Score) bool { return !rho.Holds(score.Missed, score.Total()) }
	bounds := deadlineBounds(s.streams, d)
	low, high := int64(0), bounds.top // low fails or is 0, high holds
	over, under := 0.0, -1.0          // misses beyond the target there
	if bounds.zero.ok {
		high = bounds.zero.tbt // nothing is missed there
	} else if score, _ := s.score(high, fails); fails(score) {
		return 0, false
	}
	// Most minima lie a little below the mean, or below what misses nothing.
	step := high/32 + 1
	at := min(bounds.mean-bounds.mean/64, high-step)
	for n := 1; high-low > 1; n++ {
		at = min(max(at, low+1), high-1)
		score, next := s.score(at, fails)
		beyond := float64(score.Missed) - rho.Float()*float64(score.Total())
		if fails(score) {
			low, over = min(next, high)-1, beyond
		} else {
			high, under = at, beyond
		}
		switch {
		case low == 0:
			at, n = high-step, 0
			step *= 2
		case n%3 == 0:
			at = low + (high-low)/2
		case over < 2.3: // two misses too many, of a target of some hundredths
			at = low + 1
		default: // a little too low: what fails narrows the search more
			at = low + int64(float64(high-low)*max(over-1, over/8)/(over-under))
		}
	}
	return high, true
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
