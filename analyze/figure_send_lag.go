package analyze

import (
	"cmp"
	"math"
	"slices"

	"metron/analyze/plot"
	"metron/internal/term"
)

// sendLags gathers how late each request was sent, whatever became of it.
type sendLags struct {
	sent []sentAt
	lags Samples
}

func newSendLags(*Config) gatherer { return &sendLags{} }

func (s *sendLags) add(r *request) {
	if r.whyNotMeasured() != "" || !r.dispatched.ok || !r.wrote.ok {
		return
	}
	lag := r.wrote.value - r.due()
	s.sent = append(s.sent, sentAt{r.startTime + r.due(), lag})
	s.lags.Add(float64(lag))
}

func (s *sendLags) merge(o gatherer) {
	other := o.(*sendLags)
	s.sent = append(s.sent, other.sent...)
	s.lags.Merge(&other.lags)
}

func sendLagFigure(r figureRun) (plot.Data, string) {
	g := r.gathered.(*sendLags)
	if len(g.sent) == 0 {
		return nil, "no request had a moment to be sent at: a replay's has"
	}
	summary := g.lags.Summary(r.percentile, usPerSecond)
	caption := r.caption("N = " + term.Count(summary.Count) + " requests, of every outcome, from when each was due to when it was written")
	lag := plot.Lag{Title: "Send lag", Subtitle: caption, YLabel: "send lag",
		CDF: plot.CDF{Title: "Send lag", XLabel: "send lag", Count: summary.Count, Marks: marksOf(&summary),
			Values: func(yield func(float64, int64) bool) {
				for _, v := range g.lags.Sorted() {
					if !yield(v/usPerSecond, 1) {
						return
					}
				}
			}}}
	lag.Steps, lag.StepS = lagSteps(g.sent)
	return lag, ""
}

// lagSteps cuts a run into at most 100 steps of a round length.
func lagSteps(sent []sentAt) (steps []plot.LagStep, stepS float64) {
	slices.SortFunc(sent, func(a, b sentAt) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.lag, b.lag)) })
	begin, end := sent[0].due, sent[len(sent)-1].due
	stepUS := roundUp(float64(end-begin+1) / 100)
	for from := 0; from < len(sent); {
		place := (sent[from].due - begin) / stepUS
		to := from
		var lags []float64
		for to < len(sent) && (sent[to].due-begin)/stepUS == place {
			lags = append(lags, float64(sent[to].lag)/usPerSecond)
			to++
		}
		slices.Sort(lags)
		steps = append(steps, plot.LagStep{AtS: float64(place*stepUS) / usPerSecond,
			P50: Nearest.sortedQuantile(Fraction{1, 2}, lags), Max: lags[len(lags)-1]})
		from = to
	}
	return steps, float64(stepUS) / usPerSecond
}

// roundUp is the next of 1, 2, 5 and their tens from a number of microseconds up, and
// at least a tenth of a second.
func roundUp(us float64) int64 {
	for decade := int64(100_000); ; decade *= 10 {
		for _, step := range []int64{1, 2, 5} {
			if float64(step*decade) >= us || decade > math.MaxInt64/100 {
				return step * decade
			}
		}
	}
}
