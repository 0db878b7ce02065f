package analyze

import (
	"cmp"
	"fmt"
	"slices"

	"metron/internal/term"
	"metron/internal/trend"
)

// sending is the section "sending": how late a replay sent, all outcomes together.
type sending struct {
	config          *Config
	dispatch, wrote Samples
	sent            []sentAt // those that were written
}

// sentAt is a request that was written, and how late.
type sentAt struct {
	due, lag int64
}

func newSending(c *Config) section { return &sending{config: c} }

func (s *sending) add(r *request) {
	if !r.isMeasured() || !r.dispatched.ok {
		return
	}
	s.dispatch.Add(float64(r.dispatched.value - r.due()))
	if r.wrote.ok {
		lag := r.wrote.value - r.due()
		s.wrote.Add(float64(lag))
		s.sent = append(s.sent, sentAt{r.startTime + r.due(), lag})
	}
}

func (s *sending) merge(o section) {
	other := o.(*sending)
	s.dispatch.Merge(&other.dispatch)
	s.wrote.Merge(&other.wrote)
	s.sent = append(s.sent, other.sent...)
}

// Sending is how long after it was due a request was taken up, and was with the kernel.
type Sending struct {
	DispatchLag Summary  `json:"dispatch_lag_s"`
	SendLag     Summary  `json:"send_lag_s"`
	DriftS      *float64 `json:"drift_s"` // how much the send lag grew over the run
}

func (s *sending) result(*tally) sectionResult {
	slices.SortFunc(s.sent, func(a, b sentAt) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.lag, b.lag)) })
	points := make([]trend.Point, len(s.sent))
	for i, one := range s.sent {
		points[i] = trend.Point{At: one.due, Value: one.lag}
	}
	out := &Sending{DispatchLag: s.dispatch.Summary(s.config.Percentile, usPerSecond), SendLag: s.wrote.Summary(s.config.Percentile, usPerSecond)}
	if growth, ok := trend.Growth(points); ok {
		out.DriftS = new(float64(growth) / usPerSecond)
	}
	return out
}

func (s *Sending) lines() []string {
	if s.DispatchLag.Count == 0 {
		return nil
	}
	f := unitSeconds.format
	return []string{fmt.Sprintf("%s: taken up p50 %s, p99 %s, written p50 %s, p99 %s after they were due; drift %s", requestsOf(s.DispatchLag.Count),
		f(s.DispatchLag.P50), f(s.DispatchLag.P99), f(s.SendLag.P50), f(s.SendLag.P99), drift(s.DriftS))}
}

func drift(s *float64) string {
	if s == nil {
		return "-"
	}
	return term.Seconds(*s)
}
