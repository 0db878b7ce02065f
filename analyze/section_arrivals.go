package analyze

import (
	"fmt"
	"slices"
	"strings"

	"metron/internal/burstiness"
	"metron/internal/term"
	"metron/schema"
)

// arrivals is the section "arrivals": how evenly requests were sent. It keeps the
// moment of each.
type arrivals struct{ sends []int64 }

func newArrivals(*Config) section { return &arrivals{} }

func (s *arrivals) add(r *request) {
	if r.isMeasured() && r.outcome != schema.OutcomeNotSent {
		s.sends = append(s.sends, r.startTime+r.sent)
	}
}

func (s *arrivals) merge(o section) { s.sends = append(s.sends, o.(*arrivals).sends...) }

// Arrivals is 1 in CV and dispersion for a Poisson process, 0 for a clock's ticks, and
// more for bursts.
type Arrivals struct {
	Requests   int64        `json:"requests"`
	PerS       *float64     `json:"requests_per_s"` // over the time from the first to the last
	CV         *float64     `json:"gap_cv"`
	Dispersion []Dispersion `json:"dispersion"`
}

// Dispersion is the index of dispersion of counts in windows of one length.
type Dispersion struct {
	WindowS float64  `json:"window_s"`
	Windows int64    `json:"windows"`
	Index   *float64 `json:"index"`
}

func (s *arrivals) result(*tally) sectionResult {
	slices.Sort(s.sends)
	var gaps burstiness.Gaps
	windows := []burstiness.Windows{{LengthUS: 100_000}, {LengthUS: 1_000_000}, {LengthUS: 10_000_000}, {LengthUS: 60_000_000}}
	for _, us := range s.sends {
		gaps.Add(us)
		for i := range windows {
			windows[i].Add(us)
		}
	}
	out := &Arrivals{Requests: int64(len(s.sends))}
	if mean, ok := gaps.MeanUS(); ok && mean > 0 {
		out.PerS = new(usPerSecond / mean)
	}
	out.CV = known64(gaps.CV())
	for i := range windows {
		w := &windows[i]
		out.Dispersion = append(out.Dispersion, Dispersion{float64(w.LengthUS) / usPerSecond, w.N(), known64(w.Dispersion())})
	}
	return out
}

func known64(v float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return finite(v)
}

func (a *Arrivals) lines() []string {
	if a.PerS == nil {
		return nil
	}
	var windows []string
	for _, d := range a.Dispersion {
		if d.Index != nil {
			windows = append(windows, fmt.Sprintf("%s in windows of %s", term.Number(*d.Index), term.Seconds(d.WindowS)))
		}
	}
	line := fmt.Sprintf("%s/s, CV of the gaps %s", term.Number(*a.PerS), unitShare.format(a.CV))
	if len(windows) > 0 {
		line += "; index of dispersion " + strings.Join(windows, ", ")
	}
	return []string{line + " (Poisson: 1)"}
}
