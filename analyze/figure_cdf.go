package analyze

import (
	"fmt"
	"iter"
	"strings"

	"metron/analyze/plot"
	"metron/internal/term"
)

// cdfOf is the kind of the distribution of a metric that is a time.
func cdfOf(name, key, usage string) figureKind {
	title, _, _ := strings.Cut(usage, ":")
	return figureKind{name: name, usage: usage, draw: func(r figureRun) (plot.Data, string) {
		summary := r.Metrics.Get(key)
		if summary.Count == 0 {
			return nil, "no answered request has this time"
		}
		return plot.CDF{
			Title:    strings.ToUpper(title[:1]) + title[1:],
			Subtitle: r.caption(r.counted(key, summary.Count)...),
			XLabel:   title,
			Values:   r.values(key), Count: summary.Count, Marks: marksOf(&summary.Summary),
		}, ""
	}}
}

// counted says how many values there are, and of what.
func (r *Result) counted(key string, count int64) []string {
	if key != keyTBT {
		return []string{"N = " + term.Count(count) + " answered requests"}
	}
	policy := map[Policy]string{Burst: "tokens of one chunk at once", Spread: "tokens of a chunk spread over the time before it",
		Chunk: "one sample a chunk"}[r.Settings.MultiToken]
	return []string{fmt.Sprintf("N = %s gaps%s", term.Count(count), r.zeroGaps()), policy}
}

// values are those of a metric in its unit, each with how often it occurred, ascending.
func (r *Result) values(key string) iter.Seq2[float64, int64] {
	scale := r.Metrics.Get(key).unit.scale()
	return func(yield func(float64, int64) bool) {
		if key == keyTBT {
			for v, n := range r.tbt.All() {
				if !yield(float64(v)/scale, n) {
					return
				}
			}
			return
		}
		for _, v := range r.samples[key].Sorted() {
			if !yield(v/scale, 1) {
				return
			}
		}
	}
}

// zeroGaps says how many gaps a logarithmic axis cannot show.
func (r *Result) zeroGaps() string {
	zeros := int64(0)
	for v, n := range r.tbt.All() {
		if v > 0 {
			break
		}
		zeros += n
	}
	if zeros == 0 {
		return ""
	}
	return ", " + percent(new(float64(zeros)/float64(r.tbt.Count()))) + " of them 0"
}

func marksOf(s *Summary) []plot.Mark {
	var marks []plot.Mark
	for _, m := range []struct {
		label string
		share float64
		value *float64
	}{{"p50", 0.5, s.P50}, {"p90", 0.9, s.P90}, {"p99", 0.99, s.P99}} {
		if m.value != nil {
			marks = append(marks, plot.Mark{Label: m.label, Share: m.share, Value: *m.value})
		}
	}
	return marks
}
