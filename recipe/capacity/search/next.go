package search

import (
	"math"
	"slices"

	"metron/analyze/stat"
)

const (
	explore  = 64   // measured requests of a run that only has to find the order of magnitude
	fewest   = 200  // and at least of one that has to tell by how much
	leastS   = 120  // and lasts at least so many seconds
	furthest = 2.0  // factor by which a rate may lie beyond those that were run
	lowest   = 1e-3 // share of FromRate below which nothing is tried
	alone    = 0.1  // requests in flight on average, at which one hardly ever meets another
	loose    = 0.08 // spread at which the shortest runs tell enough

	// Queues have a memory: where bursts are long, so are runs, and what goes before them. What a
	// run misses of them falls with its length, so that a looser precision takes less.
	burstsSettled = 10
	burstsRun     = 100
	longestS      = 3600 // seconds that bursts may ask for

	holdsSurely = 0.975 // probability from which the SLO is said to hold at a rate

	// A search that ended as soon as its interval is narrow would end on runs that happen to differ
	// little from one another: see docs/capacity.md.
	enough = 12  // runs near the capacity for DefaultPrecision; half as many for twice that
	nearby = 0.2 // share of the capacity by which their rates may be off

	loosest = 0.3 // share of that effort that any precision takes
)

// Next is the run that would say most; false once the search has ended.
func (s *Search) Next() (Plan, bool) {
	if s.ended() != "" {
		return Plan{}, false
	}
	rate, requests := s.choose()
	settle := s.settleS()
	p := Plan{Rate: rounded(rate), Requests: requests, WarmupS: settle, CooldownS: settle,
		Seed: s.config.Seed + uint64(len(s.runs)), Abort: true}
	if passed, failed := s.bracket(); passed > 0 && !math.IsInf(failed, 1) {
		p.WarmupS = max(p.WarmupS, min(burstsSettled*s.burstS(rate), longestS/10))
		p.Abort = rate > s.belief().quantile(0.975)
	}
	return p, true
}

// rounded keeps four digits: enough for any precision, and runs of equal rates can be told.
func rounded(rate float64) float64 {
	return digits(rate, 0)
}

// roundedDown keeps four digits of a rate that must not be exceeded, or of 0.
func roundedDown(rate float64) float64 {
	if rate == 0 {
		return 0
	}
	if near := rounded(rate); near <= rate {
		return near
	}
	return digits(rate, -1)
}

// digits is the nearest number of four digits, and so many of its last digit more.
func digits(rate, more float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(rate))-3)
	if unit < 1 {
		return (math.Round(rate/unit) + more) / math.Round(1/unit)
	}
	return (math.Round(rate/unit) + more) * unit
}

// settleS is for how long requests go before the measured ones, and after them: until as many are
// in flight as the rate brings about, which takes as long as an answer does. The run whose
// answers were quickest tells that: those of others had to wait.
func (s *Search) settleS() float64 {
	quickest := math.Inf(1)
	for _, r := range s.runs {
		if r.AnswerS > 0 && !r.Aborted {
			quickest = min(quickest, r.AnswerS)
		}
	}
	if math.IsInf(quickest, 1) {
		return s.config.SettleS
	}
	return max(s.config.SettleS, min(quickest, longestS/10))
}

// bracket is the highest rate that passed and the lowest that failed by itself.
func (s *Search) bracket() (passed, failed float64) {
	failed = math.Inf(1)
	for _, r := range s.runs {
		switch {
		case r.failed():
			failed = min(failed, r.Rate)
		case r.Pass != nil:
			passed = max(passed, r.Rate)
		}
	}
	return passed, failed
}

func (r *Run) failed() bool { return r.Aborted || r.Pass != nil && !*r.Pass }

// ended says why no more runs are to be made.
func (s *Search) ended() Why {
	if len(s.runs) == 0 {
		return ""
	}
	passed, failed := s.bracket()
	switch {
	case passed == 0 && math.IsInf(failed, 1):
		return NoVerdict
	case math.IsInf(failed, 1) && s.atMax(passed) && s.belief().holds(s.config.MaxRate) >= holdsSurely:
		return AboveMax
	case passed == 0 && s.noneLower(failed):
		return BelowAll
	case passed > 0 && !math.IsInf(failed, 1) && s.precise():
		return Precise
	case len(s.runs) >= s.config.MaxRuns:
		return OutOfRuns
	}
	return ""
}

// noneLower reports whether no rate below one that failed is worth a run: where each request has the
// server to itself a lower one changes nothing, and it would take long to see that.
func (s *Search) noneLower(failed float64) bool {
	return failed <= s.config.FromRate*lowest || slices.ContainsFunc(s.runs, func(r Run) bool {
		return r.Rate == failed && !r.Aborted && r.AnswerS > 0 && r.Rate*r.AnswerS <= alone
	})
}

func (s *Search) precise() bool {
	return s.near() >= enough*s.looser() && s.spread() <= s.config.Precision
}

// looser is the share of the effort for DefaultPrecision that the precision takes that is asked. As
// much of what runs say of themselves is believed: short ones see little of long bursts, and few
// do not tell how they differ.
func (s *Search) looser() float64 { return max(loosest, min(1, DefaultPrecision/s.config.Precision)) }

// near is how many runs tell where the capacity lies, and how much runs differ there.
func (s *Search) near() float64 {
	n, middle, shortest := 0.0, s.belief().quantile(0.5), float64(s.shortest())
	for _, r := range s.runs {
		if !r.Aborted && math.Abs(r.Rate/middle-1) <= nearby && r.requests() >= shortest {
			n++
		}
	}
	return n
}

// atMax reports whether no higher rate may be tried than one that passed.
func (s *Search) atMax(passed float64) bool {
	return s.config.MaxRate > 0 && passed >= s.config.MaxRate
}

// spread is how far the ends of the interval lie from its middle on average, as a share of that.
func (s *Search) spread() float64 {
	b := s.belief()
	return (b.quantile(0.975) - b.quantile(0.025)) / 2 / b.quantile(0.5)
}

// choose finds the rate and length of the next run. Until one run has passed and one failed
// it doubles or halves the rate with short runs, or makes long ones at the highest that is allowed. From then on the rate lies about as far from
// where the capacity may be as that is uncertain, below and above in turn, so that the bend
// of the curve cancels and its slope becomes known.
func (s *Search) choose() (rate float64, requests int) {
	passed, failed := s.bracket()
	exploring := s.shortest()
	if s.config.Requests == 0 {
		exploring = min(explore, exploring)
	}
	switch {
	case len(s.runs) == 0:
		return s.capped(s.config.FromRate), exploring
	case math.IsInf(failed, 1) && s.atMax(passed):
		return s.config.MaxRate, s.length(s.config.MaxRate)
	case math.IsInf(failed, 1):
		return s.capped(passed * furthest), exploring
	case passed == 0:
		return failed / furthest, exploring
	}
	b := s.belief()
	middle := b.quantile(0.5)
	off := (b.quantile(0.84) - b.quantile(0.16)) / 2 / middle
	off = min(max(off, 0.01), 0.15)
	if len(s.runs)%2 == 0 {
		off = -off
	}
	low, high := s.extent()
	rate = min(max(middle*(1+off), low/furthest), high*furthest)
	return s.capped(rate), s.length(rate)
}

func (s *Search) capped(rate float64) float64 {
	if most := s.config.MaxRate; most > 0 {
		return min(rate, most)
	}
	return rate
}

func (s *Search) extent() (low, high float64) {
	low = math.Inf(1)
	for _, r := range s.runs {
		low, high = min(low, r.Rate), max(high, r.Rate)
	}
	return low, high
}

// length is how many requests the next run measures: half of what seems to be missing, where
// what is known grows with the requests of runs whose rates could still be the capacity; and
// no more than what is known so far can use.
func (s *Search) length(rate float64) int {
	seconds := max(leastS, min(burstsRun*s.looser()*s.burstS(rate), longestS))
	shortest, near := max(float64(s.shortest()), rate*seconds), 0.0
	b := s.belief()
	low, high := b.quantile(1e-3), b.quantile(1-1e-3)
	for _, r := range s.runs {
		if r.Rate >= low && r.Rate <= high {
			near += r.requests()
		}
	}
	spread := s.spread()
	missing := near * (math.Pow(spread/s.config.Precision, 2) - 1)
	most := shortest * math.Pow(loose/spread, 2)
	return int(math.Ceil(max(min(missing/2, most), shortest)))
}

// burstS is how long the bursts are in which values lie beyond a limit, of the part that has
// the longest.
func (s *Search) burstS(rate float64) float64 {
	longest := 0.0
	for _, a := range gather(s.runs) {
		longest = max(longest, a.burstS(rate))
	}
	return longest
}

// requests is how many requests the run measured.
func (r *Run) requests() float64 {
	n := int64(0)
	if len(r.Parts) > 0 { // the first is of requests
		for _, w := range r.Parts[0].Windows {
			n += w.Values
		}
	}
	return float64(n)
}

// shortest is how many requests a run needs for the percentiles of the SLO to be more than the
// place of an outlier.
func (s *Search) shortest() int {
	if s.config.Requests > 0 {
		return s.config.Requests
	}
	n := int64(fewest)
	need := func(tolerance float64) {
		if tolerance > 0 && tolerance < 1 {
			n = max(n, stat.Support(1-min(tolerance, 1-tolerance)))
		}
	}
	attainment := s.config.SLO.Attainment
	if attainment.Den == 0 {
		attainment = s.config.Attainment
	}
	need(1 - attainment.Float())
	for _, c := range s.config.SLO.Constraints {
		if c.Quantile.Den > 0 && c.Metric != "tbt" { // gaps are many
			need(1 - c.Quantile.Float())
		}
	}
	return int(n)
}
