package analyze

import (
	"fmt"
	"strings"

	"metron/analyze/plot"
	"metron/analyze/stat"
)

// compareOf is the kind that lays the distributions of a time in two runs over each other.
func compareOf(name, key, usage string) figureKind {
	return figureKind{name: name, usage: usage, pair: true, across: func(runs []figureRun) (plot.Data, string) {
		if len(runs) != 2 {
			return nil, fmt.Sprintf("it takes two runs, and %d were given", len(runs))
		}
		a, b := runs[0].Result, runs[1].Result
		return CompareDistributions(a, b, key, unpairedChanges(a.Metrics.Get(key), b.Metrics.Get(key)),
			"intervals take the runs for two populations: `metron compare --out` pairs their requests")
	}}
}

// CompareDistributions lays the distributions of a metric that is a time over each other.
// changes are those of its percentiles; how says what their intervals are.
func CompareDistributions(a, b *Result, key string, changes []plot.Change, how string) (plot.Data, string) {
	sa, sb := a.Metrics.Get(key), b.Metrics.Get(key)
	if sa.Count == 0 || sb.Count == 0 {
		return nil, "a run has no answered request with this time"
	}
	count, what := func(r *Result) int64 { return r.Metrics.Get(key).Count }, "answered requests"
	if key == keyTBT {
		what = "gaps"
	}
	label := map[string]string{keyTTFT: "time to first token", keyTBT: "time between tokens", keyE2E: "end-to-end latency"}[key]
	return plot.Overlay{
		Title:    strings.ToUpper(label[:1]) + label[1:] + ": what changed",
		Subtitle: captionOfRuns([]figureRun{{Result: a}, {Result: b}}, count, what, how),
		XLabel:   label,
		A:        plot.Side{Name: a.name(), Values: a.values(key), Count: sa.Count},
		B:        plot.Side{Name: b.name(), Values: b.values(key), Count: sb.Count},
		Changes:  changes,
	}, ""
}

// unpairedChanges are those of the percentiles of two populations.
func unpairedChanges(a, b *MetricSummary) (out []plot.Change) {
	if a.CI95 == nil || b.CI95 == nil {
		return nil
	}
	for _, p := range summaryPercentiles() {
		va, vb := *p.of(&a.Summary), *p.of(&b.Summary)
		if va == nil || vb == nil || *va <= 0 {
			continue
		}
		d := stat.Difference(stat.Estimate{Value: *va, Interval: *p.interval(a.CI95)}, stat.Estimate{Value: *vb, Interval: *p.interval(b.CI95)}, 0)
		out = append(out, NewChange(p.name, *va, d.Value, d.Interval))
	}
	return out
}

// NewChange is the change of a percentile from a by delta, drawn as a share of a.
func NewChange(name string, a, delta float64, i stat.Interval) plot.Change {
	c := plot.Change{Name: name, Share: delta / a, Shown: i.Excludes(0)}
	if i.Low != nil && i.High != nil {
		c.Low, c.High = new(*i.Low/a), new(*i.High/a)
	}
	return c
}
