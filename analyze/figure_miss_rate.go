package analyze

import (
	"fmt"
	"slices"
	"sort"

	"metron/analyze/plot"
	"metron/internal/term"
)

func missRateFigure(r figureRun) (plot.Data, string) {
	sorted := r.samples[keyMissRate].Sorted()
	n := int64(len(sorted))
	if n == 0 {
		return nil, "no answered request has tokens with deadlines"
	}
	target := r.Settings.TargetMissRate
	at := sort.Search(len(sorted), func(i int) bool { return sorted[i] > target })
	return plot.ShareCDF{
		Title:    "Deadline miss rate",
		Subtitle: r.caption("N = "+term.Count(n)+" answered requests", r.deadlinesText()),
		XLabel:   "share of its deadlines that a request missed",
		Values:   slices.Values(sorted), Count: n,
		Marks:  marksOf(&r.Metrics.Get(keyMissRate).Summary),
		Target: target, AtTarget: float64(at) / float64(n),
	}, ""
}

// deadlinesText says what tokens were held to.
func (r *Result) deadlinesText() string {
	return fmt.Sprintf("deadlines: %s to the first token, %s for each after it", r.Settings.firstDeadline(), term.Seconds(r.Settings.TBTDeadlineS))
}
