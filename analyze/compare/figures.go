package compare

import (
	"fmt"
	"slices"

	"metron/analyze"
	"metron/analyze/plot"
)

// figure is a picture of a run against the base.
type figure struct {
	name string
	data plot.Data
}

// figures lays the distributions of both runs over each other, where both have them; the
// changes are those of the table.
func figures(a, b *run, out *Against) (list []figure) {
	how := "changes of the percentiles: of two populations"
	if out.Paired {
		how = fmt.Sprintf("changes of the percentiles: of the %s that both answered; of TBT, of all", plural(out.Pairs, "request"))
	}
	for i, m := range metrics() {
		if !slices.Contains([]string{"ttft", "tbt", "e2e"}, m.name) {
			continue
		}
		var changes []plot.Change
		for _, d := range out.Metrics[i].Deltas {
			if d.Stat == "mean" || d.Delta == nil || *d.A <= 0 {
				continue
			}
			one := analyze.NewChange(d.Stat, *d.A, *d.Delta, d.Interval)
			one.Shown = d.Verdict != Unknown
			changes = append(changes, one)
		}
		if data, why := analyze.CompareDistributions(a.result, b.result, m.key, changes, how); why == "" {
			list = append(list, figure{"compare_" + m.name, data})
		}
	}
	return list
}

// WriteFigures draws what Config.Draw asked for into a folder. With several runs the names of the
// files end in the number of the run.
func (c *Comparison) WriteFigures(dir string, style plot.Style, formats ...plot.Format) error {
	var drawn []analyze.NamedFigure
	for i := range c.Against {
		for _, f := range c.Against[i].figures {
			name := f.name
			if len(c.Against) > 1 {
				name = fmt.Sprintf("%s_%d", f.name, i+1)
			}
			one, err := f.data.Figure(style)
			if err != nil {
				return fmt.Errorf("figure %s: %w", name, err)
			}
			drawn = append(drawn, analyze.NamedFigure{Name: name, Figure: one})
		}
	}
	_, err := analyze.WriteDrawn(dir, drawn, formats...)
	return err
}
