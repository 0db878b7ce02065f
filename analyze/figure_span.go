package analyze

import (
	"context"

	"metron/analyze/plot"
	"metron/schema"
)

// runSpan is what every figure over the time of a run needs: where its axis begins, and which
// stretches of it are not like the others. Moments are microseconds since the Unix epoch.
type runSpan struct {
	zero                        int64 // a_0, from which --from and --to count
	first, last                 maybe[int64]
	firstMeasured, lastMeasured maybe[int64] // arrivals
	lastArrival                 maybe[int64]
	rows                        int64
	verdict                     *schema.Verdict // of the only file
}

func (s *runSpan) add(r *request) {
	s.rows++
	due := r.startTime + r.due()
	s.first, s.last = earlier(s.first, just(due)), later(s.last, just(due))
	s.lastArrival = later(s.lastArrival, just(due))
	if seen := r.lastSeen(); seen.ok {
		s.last = later(s.last, just(r.startTime+seen.value))
	}
	if r.isMeasured() {
		s.firstMeasured, s.lastMeasured = earlier(s.firstMeasured, just(due)), later(s.lastMeasured, just(due))
	}
}

func (s *runSpan) merge(o *runSpan) {
	s.rows += o.rows
	s.first, s.last = earlier(s.first, o.first), later(s.last, o.last)
	s.firstMeasured, s.lastMeasured = earlier(s.firstMeasured, o.firstMeasured), later(s.lastMeasured, o.lastMeasured)
	s.lastArrival = later(s.lastArrival, o.lastArrival)
}

func earlier(a, b maybe[int64]) maybe[int64] {
	if !a.ok || b.ok && b.value < a.value {
		return b
	}
	return a
}

func later(a, b maybe[int64]) maybe[int64] {
	if !a.ok || b.ok && b.value > a.value {
		return b
	}
	return a
}

// reread finds where the time of the files begins, and what is known of how they were sent.
func (s *runSpan) reread(_ context.Context, a *schema.Archive, _ *Config) error {
	zero, ok, err := a.FirstStart()
	if err != nil || !ok {
		return err
	}
	s.zero = zero
	if len(a.Files) == 1 {
		s.verdict = a.Files[0].Meta().Verdict
	}
	return nil
}

// seconds is a moment on the axis.
func (s *runSpan) seconds(us int64) float64 { return float64(us-s.zero) / usPerSecond }

// Limits of the p99 send lag, as replay judges a whole run by.
const (
	suspectLagUS = 1_000
	invalidLagUS = 10_000
)

// unmeasured are the stretches whose arrivals are not measured, at both ends.
func (s *runSpan) unmeasured() (out []plot.Shade) {
	shade := func(from, to maybe[int64]) {
		if from.value < to.value {
			out = append(out, plot.Shade{FromS: s.seconds(from.value), ToS: s.seconds(to.value), Kind: plot.ShadeLeftOut})
		}
	}
	if !s.firstMeasured.ok {
		shade(s.first, s.lastArrival)
		return out
	}
	shade(s.first, s.firstMeasured)
	shade(s.lastMeasured, s.lastArrival)
	return out
}

// late are the steps of a replay in which the sender was late.
func (s *runSpan) late() (out []plot.Shade) {
	if s.verdict == nil {
		return nil
	}
	for i, step := range s.verdict.Steps {
		if step.SendLag == nil || step.SendLag.P99US <= suspectLagUS {
			continue
		}
		kind := plot.ShadeSuspect
		if step.SendLag.P99US > invalidLagUS {
			kind = plot.ShadeInvalid
		}
		out = append(out, plot.Shade{FromS: float64(int64(i) * s.verdict.StepS), ToS: float64(int64(i+1) * s.verdict.StepS), Kind: kind})
	}
	return out
}
