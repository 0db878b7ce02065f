package analyze

import (
	"fmt"
	"slices"

	"metron/internal/term"
)

// stallUS and stallMedians say what a stall is: a gap longer than both.
const (
	stallUS      = 200_000
	stallMedians = 5
)

// stall is the stalls of one stream.
type stall struct {
	count, us, longest int64
	excess             int64 // what the gaps are longer than the median
}

// stallsOf finds the gaps, from the second token on, that are longer than 200 ms and
// than five times their median. The median is looked for only where a gap is long.
func stallsOf(gaps []int64, scratch *[]int64) (s stall) {
	decode := gaps[1:]
	longest := int64(0)
	for _, g := range decode {
		longest = max(longest, g)
	}
	if longest <= stallUS {
		return s
	}
	sorted := append((*scratch)[:0], decode...)
	*scratch = sorted
	slices.Sort(sorted)
	median := sorted[nearestRank(Fraction{1, 2}, int64(len(sorted)))]
	at, _ := slices.BinarySearch(sorted, max(stallUS, stallMedians*median)+1)
	for _, g := range sorted[at:] {
		s.count++
		s.us += g
		s.excess += g - median
		s.longest = g
	}
	return s
}

func (s *stall) add(o stall) {
	s.count += o.count
	s.us += o.us
	s.excess += o.excess
	s.longest = max(s.longest, o.longest)
}

// stalls is the section "stalls": streams that stood still in the middle.
type stalls struct {
	config   *Config
	all      stall
	decoding int64 // requests of two tokens or more
	stalled  int64 // those that stood still
	decodeUS int64 // from first to last token, summed over the streams
	counts   Samples
	shares   Samples
	scratch  []int64
}

func newStalls(c *Config) section { return &stalls{config: c} }

func (s *stalls) add(r *request) {
	if r.whyExcluded() != "" || r.whyNoGaps() != "" {
		return
	}
	var own stall
	for _, gaps := range r.tokens.streams {
		own.add(stallsOf(gaps, &s.scratch))
	}
	s.decoding++
	s.decodeUS += r.tokens.span
	s.all.add(own)
	if own.count > 0 {
		s.stalled++
	}
	s.counts.Add(float64(own.count))
	if r.tokens.span > 0 {
		s.shares.Add(float64(own.us) / float64(r.tokens.span))
	}
}

func (s *stalls) merge(o section) {
	other := o.(*stalls)
	s.all.add(other.all)
	s.decoding += other.decoding
	s.stalled += other.stalled
	s.decodeUS += other.decodeUS
	s.counts.Merge(&other.counts)
	s.shares.Merge(&other.shares)
}

// Stalls is how often and how long streams stood still.
type Stalls struct {
	Requests        int64    `json:"requests"`         // of two tokens or more
	StalledRequests int64    `json:"stalled_requests"` // those with a stall
	Count           int64    `json:"count"`
	StalledS        float64  `json:"stalled_s"`
	ExcessS         float64  `json:"excess_s"`     // beyond what a median gap would have taken
	DecodeShare     *float64 `json:"decode_share"` // of the time from first to last token
	LongestS        *float64 `json:"longest_s"`
	PerRequest      Summary  `json:"stalls_per_request"`
	ShareOfRequest  Summary  `json:"decode_share_per_request"`
}

func (s *stalls) result(*tally) sectionResult {
	out := &Stalls{Requests: s.decoding, StalledRequests: s.stalled, Count: s.all.count,
		StalledS: float64(s.all.us) / usPerSecond, ExcessS: float64(s.all.excess) / usPerSecond,
		PerRequest: s.counts.Summary(s.config.Percentile, 1), ShareOfRequest: s.shares.Summary(s.config.Percentile, 1)}
	if s.decodeUS > 0 {
		out.DecodeShare = new(float64(s.all.us) / float64(s.decodeUS))
	}
	if s.all.count > 0 {
		out.LongestS = new(float64(s.all.longest) / usPerSecond)
	}
	return out
}

func (s *Stalls) lines() []string {
	switch {
	case s.Requests == 0:
		return nil
	case s.Count == 0:
		return []string{"none: no gap over 200 ms and 5 times its stream's median"}
	}
	gaps := "1 gap"
	if s.Count > 1 {
		gaps = term.Count(s.Count) + " gaps"
	}
	return []string{fmt.Sprintf("%s over 200 ms and 5 medians in %s of %s: %s, %s of the decoding, the longest %s", gaps,
		term.Count(s.StalledRequests), requestsOf(s.Requests), term.Seconds(s.StalledS), percent(s.DecodeShare), term.Seconds(*s.LongestS))}
}
