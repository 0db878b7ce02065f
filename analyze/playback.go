package analyze

// The fluidity-index can rise when a token is held back, because a miss starts
// the schedule anew. The two measures in this file are anchored at the send, and
// delaying a token never raises them.

// OnTime counts the tokens that came by their place in a schedule that starts
// at the send: token i by TTFT + (i-1)*TBT. Over the tokens, it is the absolute
// attainment.
func OnTime(gaps []int64, d Deadlines) int64 {
	n, early := int64(0), d.TTFT // how far the deadline lies ahead of the token
	for i, g := range gaps {
		if i > 0 {
			early += d.TBT
		}
		early -= g
		if early >= 0 {
			n++
		}
	}
	return n
}

// Playback is what a reader sees who starts TTFT after the send and takes one
// token every TBT: times in the unit of the gaps. Playbacks of several requests
// add up.
type Playback struct {
	Tokens     int64
	Reading    int64 // tokens times TBT: the time spent reading
	Stalled    int64 // the time spent waiting for a token
	Stalls     int64 // how often
	Longest    int64 // the longest wait
	StartDelay int64 // waiting so long after the first token would have avoided every stall
}

// Play plays a stream of tokens to that reader.
func Play(gaps []int64, d Deadlines) Playback {
	p := Playback{Tokens: int64(len(gaps)), Reading: int64(len(gaps)) * d.TBT}
	ahead := d.TTFT // the reader's next need, seen from the token before
	behind := int64(0)
	for i, g := range gaps {
		if ahead -= g; ahead < 0 {
			p.Stalls++
			p.Stalled -= ahead
			p.Longest = max(p.Longest, -ahead)
			ahead = 0
		}
		ahead += d.TBT
		if i > 0 {
			behind += g - d.TBT
			p.StartDelay = max(p.StartDelay, behind)
		}
	}
	return p
}

// Add returns the playbacks together.
func (p Playback) Add(q Playback) Playback {
	return Playback{
		Tokens:     p.Tokens + q.Tokens,
		Reading:    p.Reading + q.Reading,
		Stalled:    p.Stalled + q.Stalled,
		Stalls:     p.Stalls + q.Stalls,
		Longest:    max(p.Longest, q.Longest),
		StartDelay: max(p.StartDelay, q.StartDelay),
	}
}

// Continuity is the share of the time that the reader could read; false where
// there were no tokens.
func (p Playback) Continuity() (float64, bool) {
	if p.Tokens == 0 || p.Reading+p.Stalled == 0 {
		return 0, false
	}
	return float64(p.Reading) / float64(p.Reading+p.Stalled), true
}
