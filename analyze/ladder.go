package analyze

// rung is what one stream makes of one first deadline.
type rung struct {
	late   int64 // tokens
	missed int64 // deadlines, as Exact counts them
}

// climb counts what Exact and Docs count of one stream, for many first deadlines of one TBT
// deadline in one look at the gaps, and adds it to rungs; ttft ascends. It returns the
// same of the decoded tokens alone (Deadlines.DecodeOnly).
//
// Slack is all that a first deadline leaves behind, and whoever has less is late whenever one
// with more is. So the first late token of any rung is late for the stream that began without
// slack, too, and from there on both are one: a walk without slack counts for all, but for
// what each rung missed at its own first late token, which is where the prefix sum of
// gap - tbt first exceeds its slack.
func climb(gaps, ttft []int64, tbt int64, rungs []rung) rung {
	if len(gaps) == 0 {
		return rung{}
	}
	tbt = max(1, tbt)
	first := 0 // of those that token 1 is on time for
	for ; first < len(ttft) && gaps[0] > ttft[first]; first++ {
		rungs[first].late++
		rungs[first].missed += (gaps[0]-ttft[first])/tbt + 1
	}
	var base rung
	slack, behind := int64(0), int64(0)
	next := first // the least slack of those that were never late
	for _, g := range gaps[1:] {
		behind += g - tbt
		wait := g - slack
		if wait <= tbt {
			slack = tbt - wait
			continue // nobody with more slack is late
		}
		base.late++
		base.missed += wait / tbt
		slack = 0
		for ; next < len(ttft) && behind > ttft[next]-gaps[0]; next++ {
			over := behind - (ttft[next] - gaps[0])
			rungs[next].late += 1 - base.late
			rungs[next].missed += (over+tbt)/tbt - base.missed
		}
	}
	for i := range next { // who was late, at token 1 or after it
		rungs[i].late += base.late
		rungs[i].missed += base.missed
	}
	return base
}

// score is what the arithmetic makes of a rung of so many tokens.
func (a Arithmetic) score(r rung, tokens int64) Score {
	if a == ArithmeticDocs {
		return Score{Met: tokens - r.late, Missed: r.late}
	}
	return Score{Met: tokens - r.late, Missed: r.missed}
}
