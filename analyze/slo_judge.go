package analyze

import "metron/schema"

// judged is a request while an SLO looks at it. Values are exact: quotients of
// integers.
type judged struct {
	*request
	scorer    *scorer
	deadlines maybe[Deadlines] // unknown: they depend on a prompt of unknown length
	held      Deadlines        // those, as tight as is being tried
	aborted   maybe[int64]     // how long after the send the client left
}

// ratio is num/den, den above 0.
type ratio struct{ num, den int64 }

// judge takes up a request. What an aborted one lacks counts as what it had come to
// when its client left: a wait that was already too long is a violation.
func (j *judged) judge(r *request, s *SLO, c *Config) {
	j.request = r
	j.deadlines = r.deadlines
	if s.TTFTDeadline != (FirstDeadline{}) || s.TBTDeadline != 0 {
		first, tbt := s.TTFTDeadline, s.TBTDeadline
		if first == (FirstDeadline{}) {
			first = c.firstDeadline()
		}
		if tbt == 0 {
			tbt = c.TBTDeadline
		}
		j.deadlines = r.deadlinesFor(first, tbt)
	}
	j.aborted = maybe[int64]{}
	if r.outcome == schema.OutcomeClientAbort {
		if at := r.clientAbort; at.ok {
			j.aborted = just(at.value - r.sent)
		} else if at := r.lastSeen(); at.ok {
			j.aborted = just(at.value - r.sent)
		}
	}
	j.scorer.reset(r.tokens.streams)
}

// meets reports whether the request meets a constraint whose times are so many
// hundredths of what they say: those of the limit or, where a share is bounded,
// the deadlines. Nothing is asked of what does not exist: the gaps of one token,
// and what an aborted request had not come to. A reason says why nobody knows.
func (j *judged) meets(c *boundConstraint, hundredths int64) (bool, reason) {
	why := reason("")
	var v ratio
	switch {
	case c.metric.name == "tbt":
		if why = j.whyNoGaps(); why == "" {
			return j.gapsWithin(c, hundredths), ""
		}
		// The wait for a second token may be too long before there is one.
		if why == oneToken && j.aborted.ok {
			return j.gapsWithin(c, hundredths), ""
		}
	case c.metric.deadlines && !j.deadlines.ok && j.streamed:
		why = noTokenCount
	case c.metric.deadlines:
		j.held = tightened(j.deadlines.value, hundredths)
		v, why = c.metric.value(j)
	default:
		v, why = c.metric.value(j)
	}
	switch {
	case why == oneToken || why != "" && j.outcome == schema.OutcomeClientAbort:
		return true, ""
	case why != "":
		return false, why
	case c.metric.atLeast:
		return productAtMost(c.Limit.Num, v.den, v.num, c.Limit.Den), ""
	case c.metric.share:
		return productAtMost(v.num, c.Limit.Den, c.Limit.Num, v.den), ""
	case v.num <= 0: // a clock that ran backwards is not late
		return true, ""
	}
	return productAtMost(v.num, 100, c.Limit.Num*hundredths, v.den), ""
}

// tightened is so many hundredths of deadlines.
func tightened(d Deadlines, hundredths int64) Deadlines {
	d.TTFT, d.TBT = d.TTFT*hundredths/100, max(1, d.TBT*hundredths/100)
	return d
}

// gapsWithin reports whether the percentile of the request's gaps is within the
// limit: no more of them are longer than there are ranks above it.
func (j *judged) gapsWithin(c *boundConstraint, hundredths int64) bool {
	limit := c.Limit.Num * hundredths / 100 // a whole gap is within it exactly if it is within the fraction
	n, longer := int64(0), int64(0)
	for _, gaps := range j.tokens.streams {
		n += int64(len(gaps) - 1)
		for _, g := range gaps[1:] {
			if g > limit {
				longer++
			}
		}
	}
	// The wait for the token that did not come: how long it would have become nobody
	// knows, so it counts once it is too long.
	if j.aborted.ok && j.tokens.chunks > 0 && j.aborted.value+j.sent-j.tokens.last > limit {
		n++
		longer++
	}
	if longer == 0 || c.Scope == ScopeRequest {
		return longer == 0
	}
	return longer <= n-1-nearestRank(c.Quantile, n)
}

func (j *judged) ttft() (ratio, reason) { return j.firstOr(j.request.sent) }

func (j *judged) scheduledTTFT() (ratio, reason) { return j.firstOr(j.due()) }

// firstOr is the time to the first token, or how long the client waited for it.
func (j *judged) firstOr(since int64) (ratio, reason) {
	v, why := j.first(since)
	if why != "" && j.aborted.ok {
		return ratio{j.aborted.value + j.sent - since, 1}, ""
	}
	return ratio{int64(v), 1}, why
}

func (j *judged) e2e() (ratio, reason) {
	if j.aborted.ok {
		return ratio{j.aborted.value, 1}, ""
	}
	v, why := j.latency()
	return ratio{int64(v), 1}, why
}

func (j *judged) tpot() (ratio, reason) {
	_, why := j.request.tpot()
	return ratio{j.tokens.span, j.n.value - int64(len(j.tokens.streams))}, why
}

func (j *judged) normalized() (ratio, reason) {
	e2e, n, why := j.latencyAndTokens()
	return ratio{int64(e2e), int64(n)}, why
}

func (j *judged) fluidity() (ratio, reason) {
	s := j.scorer.score(j.held)
	return j.share(s.Met, s.Total())
}

func (j *judged) missRate() (ratio, reason) {
	s := j.scorer.score(j.held)
	return j.share(s.Missed, s.Total())
}

func (j *judged) onTime() (ratio, reason) {
	n := int64(0)
	for _, gaps := range j.tokens.streams {
		n += OnTime(gaps, j.held)
	}
	return j.share(n, j.gaps)
}

func (j *judged) continuity() (ratio, reason) {
	var p Playback
	for _, gaps := range j.tokens.streams {
		p = p.Add(Play(gaps, j.held))
	}
	return j.share(p.Reading, p.Reading+p.Stalled)
}

// share is a part of what the request's tokens had.
func (j *judged) share(part, whole int64) (ratio, reason) {
	switch {
	case !j.streamed:
		return ratio{}, noTokenTimes
	case whole == 0:
		return ratio{}, noTokens
	}
	return ratio{part, whole}, ""
}
