package analyze

import (
	"fmt"
	"slices"

	"metron/internal/term"
	"metron/schema"
)

// concurrency is the section "concurrency": how many requests were in flight. It
// keeps two moments of each.
type concurrency struct {
	starts, ends []int64
	leftOut      int64 // sent, and their end is unknown or before the start
}

func newConcurrency(*Config) section { return &concurrency{} }

func (s *concurrency) add(r *request) {
	if !r.isMeasured() || r.outcome == schema.OutcomeNotSent {
		return
	}
	seen := r.lastSeen()
	start, end := r.startTime+r.sent, r.startTime+seen.value
	if !seen.ok || end < start {
		s.leftOut++
		return
	}
	s.starts = append(s.starts, start)
	s.ends = append(s.ends, end)
}

func (s *concurrency) merge(o section) {
	other := o.(*concurrency)
	s.starts = append(s.starts, other.starts...)
	s.ends = append(s.ends, other.ends...)
	s.leftOut += other.leftOut
}

// Concurrency is N(t), the requests in flight at a moment, from the first send to the
// last end.
type Concurrency struct {
	Requests int64    `json:"requests"`
	LeftOut  int64    `json:"left_out"` // sent, but their end is unknown or before it
	Peak     *int64   `json:"peak"`
	PeakAtS  *float64 `json:"peak_at_s"` // after the first send; the first time, if it was reached often
	Average  *float64 `json:"average"`   // over time
	P50      *int64   `json:"p50"`       // at half of the time at most so many
	P99      *int64   `json:"p99"`
	Little   Little   `json:"little"`

	perBar []float64 // sends in equal parts of the time from the first to the last
	barUS  int64
}

// Little is Little's law: the average concurrency is the rate of arrivals times the
// mean time in the system, counted without looking at any moment between.
type Little struct {
	RequestsPerS *float64 `json:"requests_per_s"`
	MeanTimeS    *float64 `json:"mean_time_s"`
	Product      *float64 `json:"product"`
}

func (s *concurrency) result(*tally) sectionResult {
	out := &Concurrency{Requests: int64(len(s.starts)), LeftOut: s.leftOut}
	if len(s.starts) == 0 {
		return out
	}
	slices.Sort(s.starts)
	slices.Sort(s.ends)
	out.perBar, out.barUS = perBar(s.starts, barsAtTerminal)
	first, n := s.starts[0], int64(len(s.starts))
	span := s.ends[n-1] - first
	level, peak, peakAt := sweep(s.starts, s.ends)
	out.Peak, out.PeakAtS = &peak, new(float64(peakAt-first)/usPerSecond)
	total := int64(0)
	for i := range s.starts {
		total += s.ends[i] - s.starts[i] // of all together: these are no longer pairs
	}
	out.Little.MeanTimeS = new(float64(total) / float64(n) / usPerSecond)
	if span > 0 {
		out.Average = new(float64(level.area()) / float64(span))
		out.P50, out.P99 = new(level.quantile(Fraction{1, 2}, span)), new(level.quantile(Fraction{99, 100}, span))
		out.Little.RequestsPerS = new(float64(n) / float64(span) * usPerSecond)
		out.Little.Product = new(float64(total) / float64(span))
	}
	return out
}

// sweep walks through the sorted moments. One that ends as another begins makes room
// for it.
func sweep(starts, ends []int64) (level levels, peak, peakAt int64) {
	at := starts[0]
	peakAt = at
	for i, j := 0, 0; j < len(ends); {
		next := ends[j]
		if i < len(starts) {
			next = min(next, starts[i])
		}
		level.add(i-j, next-at)
		at = next
		for i < len(starts) && starts[i] == at {
			i++
		}
		for j < len(ends) && ends[j] == at {
			j++
		}
		if n := int64(i - j); n > peak {
			peak, peakAt = n, at
		}
	}
	return level, peak, peakAt
}

// levels is for how long so many were in flight, us.
type levels []int64

func (l *levels) add(n int, us int64) {
	for len(*l) <= n {
		*l = append(*l, 0)
	}
	(*l)[n] += us
}

func (l levels) area() (sum int64) {
	for n, us := range l {
		sum += int64(n) * us
	}
	return sum
}

// quantile is the smallest level that is not exceeded for a share q of the span.
func (l levels) quantile(q Fraction, span int64) int64 {
	above := span
	for n, us := range l {
		if above -= us; (Fraction{q.Den - q.Num, q.Den}).Holds(max(0, above), span) {
			return int64(n)
		}
	}
	return int64(len(l)) - 1
}

// perBar counts sorted moments in at most n equal parts of their span; nil where they have none.
func perBar(moments []int64, n int) (bars []float64, lengthUS int64) {
	first := moments[0]
	span := moments[len(moments)-1] - first
	if span < int64(n) {
		return nil, 0
	}
	lengthUS = span/int64(n) + 1 // so that the last moment is in one of the n
	bars = make([]float64, span/lengthUS+1)
	for _, at := range moments {
		bars[(at-first)/lengthUS]++
	}
	return bars, lengthUS
}

func (c *Concurrency) lines() []string {
	if c.Average == nil {
		return nil
	}
	lines := []string{fmt.Sprintf("%s on average, p99 %s, peak %s at %s (Little's law: %s/s x %s = %s)", term.Number(*c.Average), term.Count(*c.P99), term.Count(*c.Peak),
		term.Seconds(*c.PeakAtS), term.Number(*c.Little.RequestsPerS), term.Seconds(*c.Little.MeanTimeS), term.Number(*c.Little.Product))}
	if c.perBar != nil {
		length := float64(c.barUS) / usPerSecond
		lines = append(lines, fmt.Sprintf("%s sends, a bar each %s, at most %s/s", term.Sparkline(c.perBar), term.Seconds(length), term.Number(slices.Max(c.perBar)/length)))
	}
	return lines
}
