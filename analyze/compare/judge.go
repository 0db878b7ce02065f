package compare

import "metron/analyze/stat"

// significance is the probability below which chance does not explain a difference.
const significance = 1 - stat.Confidence

// test asks whether chance explains that the values of one run are larger.
func (m *Metric) test(x, y []float64, paired bool) {
	if !paired {
		m.Test = "mann-whitney"
		if p, larger, ok := stat.MannWhitney(y, x); ok {
			m.P, m.Larger = &p, &larger
		}
		if d, p, ok := stat.Smirnov(x, y); ok {
			m.KSDist, m.KSP = &d, &p
		}
		return
	}
	m.Test = "wilcoxon"
	differences, larger := make([]float64, len(x)), 0.0
	for i := range x {
		differences[i] = y[i] - x[i]
		larger += indicator(y[i] > x[i]) + indicator(y[i] == x[i])/2
	}
	m.Larger = new(larger / float64(len(x)))
	if p, ok := stat.Wilcoxon(differences); ok {
		m.P = &p
	}
}

// judge corrects the tests for their number and says what each delta shows.
func (c *Comparison) judge() {
	var tested []*Metric
	var ps []float64
	for i := range c.Against {
		for j := range c.Against[i].Metrics {
			if m := &c.Against[i].Metrics[j]; m.P != nil {
				tested, ps = append(tested, m), append(ps, *m.P)
			}
		}
	}
	c.Tests = len(ps)
	for i, p := range stat.Holm(ps) {
		tested[i].PAdjusted = &p
	}
	for i := range c.Against {
		for j := range c.Against[i].Metrics {
			c.Against[i].Metrics[j].judge()
		}
	}
}

// judge calls a difference one where its interval excludes 0. The tests are of where the
// values lie, so of the mean, the median and each it must be beyond chance, too; a tail
// may grow that they do not see, and is judged by its interval alone.
func (m *Metric) judge() {
	chance := m.Test != "" && (m.PAdjusted == nil || *m.PAdjusted >= significance)
	for i := range m.Deltas {
		d := &m.Deltas[i]
		d.Verdict = Unknown
		if d.Delta != nil && !(chance && isTested(d.Stat)) {
			d.Verdict = verdict(*d.Delta, d.Interval, m.More)
		}
	}
	if m.Each == nil {
		return
	}
	m.Each.Verdict = Unknown
	if !chance {
		m.Each.Verdict = verdict(m.Each.Share, m.Each.Interval, m.More)
	}
}

// isTested reports whether a statistic is where the values lie, as the tests see it.
func isTested(name string) bool { return name == "mean" || name == "p50" }

func verdict(delta float64, i stat.Interval, more bool) Verdict {
	switch {
	case !i.Excludes(0) || delta == 0:
		return Unknown
	case delta > 0 == more:
		return Better
	}
	return Worse
}
