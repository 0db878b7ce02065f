package capacity

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"metron/analyze"
	"metron/analyze/plot"
	"metron/recipe/capacity/search"
)

// draw writes the capacities side by side, and the latencies of each cell against the
// rate, into a folder.
func (r *Result) draw(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := write(dir, "capacity", r.bars()); err != nil {
		return err
	}
	for i := range r.Cells {
		c := &r.Cells[i]
		for _, m := range drawn() {
			if len(c.Curve) < 2 || !m.always && c.constraintOn(m.name) < 0 { // one rate is no curve
				continue
			}
			name := fmt.Sprintf("%s-%s-%s-%s", m.name, fileName(c.Build), fileName(c.Workload), fileName(c.SLO))
			if err := write(dir, name, c.latency(m)); err != nil {
				return err
			}
		}
	}
	return nil
}

func write(dir, name string, d plot.Data) error {
	figure, err := d.Figure(plot.Style{})
	if err == nil {
		_, err = figure.Write(dir, name, plot.PNG, plot.SVG)
	}
	if err != nil {
		return fmt.Errorf("draw %s: %w", filepath.Join(dir, name), err)
	}
	return nil
}

// bars has a group for each workload and SLO, and a bar in it for each build.
func (r *Result) bars() plot.Bars {
	b := plot.Bars{Title: "Capacity", Subtitle: "the largest rate at which the SLO holds in the long run; whiskers: 95 % confidence", YLabel: "requests/s"}
	for _, c := range r.Cells {
		if !slices.Contains(b.Series, c.Build) {
			b.Series = append(b.Series, c.Build)
		}
	}
	for i := range r.Cells {
		c := &r.Cells[i]
		at := slices.IndexFunc(b.Groups, func(g plot.BarGroup) bool { return g.Name == c.SLO && g.Detail == c.Workload })
		if at < 0 {
			at = len(b.Groups)
			g := plot.BarGroup{Name: c.SLO, Detail: c.Workload, Bars: make([]plot.Bar, len(b.Series))}
			for k := range g.Bars {
				g.Bars[k].Note = "not asked"
			}
			b.Groups = append(b.Groups, g)
		}
		bar := plot.Bar{Value: c.Capacity, Low: c.Interval.Low, High: c.Interval.High}
		switch {
		case c.Capacity != nil:
		case c.Error != "":
			bar.Note = "failed"
		case c.Ended == search.AboveMax:
			bar.Note = "≥ " + end(c.Highest)
		default:
			bar.Note = "not found"
		}
		b.Groups[at].Bars[slices.Index(b.Series, c.Build)] = bar
	}
	return b
}

// metric is a latency that is drawn against the rate.
type metric struct {
	name, title string
	always      bool // else where the SLO bounds it
	p50, p99    func(*Latencies) *float64
}

func drawn() []metric {
	return []metric{
		{"ttft", "TTFT", true, func(l *Latencies) *float64 { return l.TTFTP50 }, func(l *Latencies) *float64 { return l.TTFTP99 }},
		{"tbt", "TBT", true, func(l *Latencies) *float64 { return l.TBTP50 }, func(l *Latencies) *float64 { return l.TBTP99 }},
		{"tpot", "TPOT", false, func(l *Latencies) *float64 { return l.TPOTP50 }, func(l *Latencies) *float64 { return l.TPOTP99 }},
	}
}

// constraintOn is the constraint of the SLO that bounds a metric, -1 if none does.
func (c *Cell) constraintOn(metric string) int {
	return slices.IndexFunc(c.slo.Constraints, func(k analyze.Constraint) bool { return k.Metric == metric })
}

// latency is a metric's percentiles against the rate: p50, p99, and the one that the SLO
// bounds.
func (c *Cell) latency(m metric) plot.LatencyRate {
	r := plot.LatencyRate{Title: m.title + " against the rate", YLabel: m.title,
		Subtitle: fmt.Sprintf("%s; %s; %s; a dot a run, hollow where the SLO did not hold", c.Build, c.Workload, c.SLO),
		Capacity: &plot.RateInterval{Value: c.Capacity, Low: c.Interval.Low, High: c.Interval.High}}
	curve := func(name string, value func(*Run) *float64) {
		one := plot.RateCurve{Name: name}
		for i := range c.Each {
			if v := value(&c.Each[i]); v != nil {
				one.Points = append(one.Points, plot.RatePoint{Rate: c.Each[i].Rate, Seconds: *v, Failed: c.Each[i].Pass != nil && !*c.Each[i].Pass})
			}
		}
		slices.SortStableFunc(one.Points, func(a, b plot.RatePoint) int { return cmp.Compare(a.Rate, b.Rate) })
		r.Curves = append(r.Curves, one)
	}
	curve("p50", func(r *Run) *float64 { return m.p50(&r.Latencies) })
	curve("p99", func(r *Run) *float64 { return m.p99(&r.Latencies) })
	if at := c.constraintOn(m.name); at >= 0 {
		k := c.slo.Constraints[at]
		r.Limit = &plot.RateLimit{Name: k.String(), Seconds: k.Limit.Float() / 1e6}
		if q := k.Quantile.Float(); k.Scope == analyze.ScopePopulation && q != 0.5 && q != 0.99 {
			curve(fmt.Sprintf("p%v", 100*q), func(r *Run) *float64 { return r.Constraints[at].Value })
		}
	}
	return r
}
