package analyze

// lateTokens is what the gaps of a request come down to where only TBT deadlines of from
// and above are asked about: the tokens that are late at from. A longer deadline leaves at
// least as much slack before every token, so that no other token is late at any of them;
// of the tokens between two late ones their number and the sum of their gaps is enough.
// The zero value knows nothing. The slices are reused from request to request.
type lateTokens struct {
	from  int64 // 0: nothing is known
	slack []int64
	ends  []int // of each stream in list
	list  []lateToken
}

// lateToken is a token that is late.
type lateToken struct {
	before int64 // tokens since the late one before it, or since token 1
	took   int64 // their gaps together
	gap    int64 // from the token before it
}

// streamStart is what deadlines make of token 1 of a stream.
type streamStart struct {
	due   int64 // tokens that have a deadline
	over  int64 // how late token 1 is; 0: it is not
	slack int64 // that it leaves
}

func startOf(gaps []int64, d Deadlines) streamStart {
	s := streamStart{due: int64(len(gaps))}
	switch {
	case len(gaps) == 0:
	case d.DecodeOnly:
		s.due--
	case gaps[0] > d.TTFT:
		s.over = gaps[0] - d.TTFT
	default:
		s.slack = d.TTFT - gaps[0]
	}
	return s
}

// covers reports whether a deadline can be asked about where the streams start so.
func (l *lateTokens) covers(tbt int64, starts []streamStart) bool {
	if l.from == 0 || tbt < l.from {
		return false
	}
	for i, s := range starts {
		if s.slack < l.slack[i] {
			return false
		}
	}
	return true
}

func (l *lateTokens) clear(from int64) {
	l.from, l.slack, l.ends, l.list = from, l.slack[:0], l.ends[:0], l.list[:0]
}

// collect finds the tokens that are late at a deadline.
func (l *lateTokens) collect(streams [][]int64, starts []streamStart, tbt int64) {
	l.clear(tbt)
	for i, gaps := range streams {
		slack, begin, last := starts[i].slack, starts[i].slack, 0
		for j, g := range gaps {
			if j == 0 {
				continue
			}
			wait := g - slack // since the deadline of the token before
			if wait <= tbt {
				slack = tbt - wait
				continue
			}
			before := int64(j - last - 1)
			l.list = append(l.list, lateToken{before, begin + before*tbt - slack, g})
			slack, begin, last = 0, 0, j
		}
		l.slack, l.ends = append(l.slack, starts[i].slack), append(l.ends, len(l.list))
	}
}

// narrow counts the deadlines at one that o covers, and makes l the tokens that are late
// there. Where once is set a late token is one miss, however late it is. next is the first
// longer deadline at which any of that may change.
func (l *lateTokens) narrow(o *lateTokens, starts []streamStart, tbt int64, once bool) (sum Score, next int64) {
	l.clear(tbt)
	next = tbt + tbt/8 + 1 // far enough, so that most tokens need no division to find it
	from := 0
	for i, start := range starts {
		late, missed := int64(0), int64(0)
		if start.over > 0 {
			late, missed = 1, start.over/tbt+1
			if missed > 1 {
				next = min(next, start.over/(missed-1)+1)
			}
		}
		slack, before, took := start.slack, int64(0), int64(0)
		for _, t := range o.list[from:o.ends[i]] {
			before += t.before
			took += t.took
			wait := t.gap - (slack + before*tbt - took)
			if wait <= tbt {
				before++
				took += t.gap
				continue
			}
			late++
			k := wait / tbt
			missed += k
			if x := wait + before*tbt; k == 1 && x <= next*(before+1) {
				next = (x + before) / (before + 1) // from there on it is on time
			} else if x < next*(before+k) {
				next = x/(before+k) + 1 // from there on it misses less
			}
			l.list = append(l.list, lateToken{before, took, t.gap})
			slack, before, took = 0, 0, 0
		}
		if once {
			missed = late
		}
		sum = sum.Add(Score{Met: start.due - late, Missed: missed})
		from = o.ends[i]
		l.slack, l.ends = append(l.slack, start.slack), append(l.ends, len(l.list))
	}
	return sum, next
}
