package demand

import (
	"time"

	"metron/internal/burstiness"
)

// Arrivals says when requests come.
type Arrivals struct {
	First    *time.Time `json:"first_start"`
	SpanS    *float64   `json:"span_s"`
	RatePerS *float64   `json:"rate_per_s"` // arrivals after the first over the span

	MeanGapS   *float64     `json:"mean_gap_s"`
	CV         *float64     `json:"gap_cv"` // sample standard deviation over mean; Poisson: 1
	Ties       int64        `json:"ties"`   // gaps of nothing
	Dispersion []Dispersion `json:"index_of_dispersion"`

	StepS   float64 `json:"step_s"` // of PerStep, from the first start on
	PerStep []int64 `json:"requests_per_step"`
}

// Dispersion is the variance of counts in windows of one length over their mean:
// 1 for Poisson arrivals at every length, and the larger the more they come in
// bursts of about that length or longer.
type Dispersion struct {
	WindowS float64 `json:"window_s"`
	Windows int64   `json:"windows"` // whole ones
	Index   float64 `json:"index"`
}

// fewestWindows is how many windows an index is shown of.
const fewestWindows = 10

// windowLengths are those that counts are taken in, in microseconds: three a
// decade from a hundredth of a second to some days.
func windowLengths() []int64 {
	var out []int64
	for decade := int64(10_000); decade <= 100_000_000_000; decade *= 10 {
		out = append(out, decade, 2*decade, 5*decade)
	}
	return out
}

// mostSteps bounds PerStep.
const mostSteps = 480

// steps are round lengths of time in microseconds, each a multiple of the one
// before, so that counts can be added up.
func steps() []int64 {
	const second, minute, hour = 1_000_000, 60_000_000, 3_600_000_000
	return []int64{1000, 5000, 10_000, 50_000, 100_000, 500_000, second, 5 * second, 10 * second, 30 * second, minute, 5 * minute, 10 * minute, 30 * minute,
		hour, 6 * hour, 24 * hour, 7 * 24 * hour, 52 * 7 * 24 * hour}
}

// arrivals gathers start times in their order.
type arrivals struct {
	gaps            burstiness.Gaps
	windows         []burstiness.Windows
	ties            int64
	firstUS, lastUS int64
	step            int // of steps
	perStep         []int64
}

func (a *arrivals) add(us int64) {
	if a.windows == nil {
		for _, length := range windowLengths() {
			a.windows = append(a.windows, burstiness.Windows{LengthUS: length})
		}
		a.firstUS, a.lastUS = us, us-1
	}
	if us == a.lastUS {
		a.ties++
	}
	a.lastUS = us
	a.gaps.Add(us)
	for i := range a.windows {
		a.windows[i].Add(us)
	}
	a.count(us - a.firstUS)
}

// count puts an arrival into its step; when there are too many, steps grow.
func (a *arrivals) count(afterUS int64) {
	all := steps()
	for afterUS/all[a.step] >= mostSteps && a.step+1 < len(all) {
		factor := int(all[a.step+1] / all[a.step])
		a.step++
		wider := make([]int64, (len(a.perStep)+factor-1)/factor)
		for i, n := range a.perStep {
			wider[i/factor] += n
		}
		a.perStep = wider
	}
	at := int(afterUS / all[a.step])
	for len(a.perStep) <= at {
		a.perStep = append(a.perStep, 0)
	}
	a.perStep[at]++
}

func (a *arrivals) finish() Arrivals {
	out := Arrivals{Ties: a.ties, PerStep: a.perStep, StepS: float64(steps()[a.step]) / 1e6, Dispersion: []Dispersion{}}
	if a.windows == nil {
		out.PerStep = []int64{}
		return out
	}
	out.First, out.SpanS = new(time.UnixMicro(a.firstUS).UTC()), new(float64(a.lastUS-a.firstUS)/1e6)
	if mean, ok := a.gaps.MeanUS(); ok {
		out.MeanGapS = new(mean / 1e6)
		if mean > 0 {
			out.RatePerS = new(1e6 / mean)
		}
	}
	if cv, ok := a.gaps.CV(); ok {
		out.CV = &cv
	}
	for i := range a.windows {
		w := &a.windows[i]
		if index, ok := w.Dispersion(); ok && w.N() >= fewestWindows {
			out.Dispersion = append(out.Dispersion, Dispersion{WindowS: float64(w.LengthUS) / 1e6, Windows: w.N(), Index: index})
		}
	}
	return out
}
