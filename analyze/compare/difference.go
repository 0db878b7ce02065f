package compare

import (
	"cmp"
	"math"
	"slices"

	gonum "gonum.org/v1/gonum/stat"

	"metron/analyze"
	"metron/analyze/stat"
)

const (
	// bootstrapRequests is the size of a run up to which it is drawn again and again;
	// beyond, the intervals of its order statistics are as good and cost nothing.
	bootstrapRequests = 20_000
	resamples         = 1000

	// significance is the probability below which chance does not explain a difference.
	significance = 1 - stat.Confidence
)

// statistic is a number of a distribution.
type statistic struct {
	name     string
	quantile float64 // 0: the mean
	of       func(*analyze.Summary) *float64
	interval func(*analyze.Intervals) stat.Interval
}

func statistics() []statistic {
	return []statistic{
		{"mean", 0, func(s *analyze.Summary) *float64 { return s.Mean }, func(i *analyze.Intervals) stat.Interval { return i.Mean }},
		{"p50", 0.5, func(s *analyze.Summary) *float64 { return s.P50 }, func(i *analyze.Intervals) stat.Interval { return i.P50 }},
		{"p75", 0.75, func(s *analyze.Summary) *float64 { return s.P75 }, func(i *analyze.Intervals) stat.Interval { return i.P75 }},
		{"p90", 0.9, func(s *analyze.Summary) *float64 { return s.P90 }, func(i *analyze.Intervals) stat.Interval { return i.P90 }},
		{"p95", 0.95, func(s *analyze.Summary) *float64 { return s.P95 }, func(i *analyze.Intervals) stat.Interval { return i.P95 }},
		{"p99", 0.99, func(s *analyze.Summary) *float64 { return s.P99 }, func(i *analyze.Intervals) stat.Interval { return i.P99 }},
		{"p99.9", 0.999, func(s *analyze.Summary) *float64 { return s.P999 }, func(i *analyze.Intervals) stat.Interval { return i.P999 }},
	}
}

// newMetric compares one metric, the i-th of metrics. Of paired runs both sides are the
// requests that have a value in both.
func newMetric(m *metric, i int, a, b *run, matched []pair, paired bool) Metric {
	out := Metric{Name: m.name, Label: m.label, Unit: m.unit, More: m.more}
	if m.value == nil {
		sa, sb := a.result.Metrics.Get(m.key), b.result.Metrics.Get(m.key)
		out.CountA, out.CountB = sa.Count, sb.Count
		out.Deltas = deltas(&sa.Summary, &sb.Summary, nil)
		return out
	}
	x, y := columns(i, a, b, matched, paired)
	sa, sb := summary(x), summary(y)
	out.CountA, out.CountB = sa.Count, sb.Count
	if len(x) == 0 || len(y) == 0 {
		out.Deltas = deltas(&sa, &sb, nil)
		return out
	}
	if max(len(x), len(y)) <= bootstrapRequests && min(len(x), len(y)) > 1 {
		s := stat.Bootstrap{A: x, B: y, Paired: paired, Resamples: resamples, Seed: 1}
		for _, one := range statistics()[1:] {
			s.Quantiles = append(s.Quantiles, one.quantile)
		}
		out.Deltas = bootstrapped(&sa, &sb, s.Intervals())
	} else {
		out.Deltas = deltas(&sa, &sb, func(s statistic) float64 {
			if !paired {
				return 0
			}
			return correlation(s, x, y, s.of(&sa), s.of(&sb))
		})
	}
	if paired {
		out.Each = newEach(x, y)
	}
	out.test(x, y, paired)
	return out
}

// newEach is the median change of pairs, nil where no value of the base is above 0.
func newEach(x, y []float64) *Each {
	var changes analyze.Samples
	for i := range x {
		if x[i] > 0 {
			changes.Add(y[i]/x[i] - 1)
		}
	}
	s := changes.Summary(analyze.Nearest, 1)
	if s.Count == 0 {
		return nil
	}
	return &Each{Share: *s.P50, Interval: s.CI95.P50}
}

// columns are the values of a metric, in pairs or as they come.
func columns(i int, a, b *run, matched []pair, paired bool) (x, y []float64) {
	if paired {
		for _, p := range matched {
			if va, vb := a.requests[p.a].values[i], b.requests[p.b].values[i]; va != nil && vb != nil {
				x, y = append(x, *va), append(y, *vb)
			}
		}
		return x, y
	}
	of := func(r *run) (out []float64) {
		for j := range r.requests {
			if v := r.requests[j].values[i]; v != nil {
				out = append(out, *v)
			}
		}
		return out
	}
	return of(a), of(b)
}

func summary(values []float64) analyze.Summary {
	var s analyze.Samples
	for _, v := range values {
		s.Add(v)
	}
	return s.Summary(analyze.Nearest, 1)
}

func newDelta(name string, a, b *float64) Delta {
	d := Delta{Stat: name, A: a, B: b}
	d.Delta, d.Share = change(a, b)
	return d
}

// change is b - a, and that as a share of a.
func change(a, b *float64) (delta, share *float64) {
	if a == nil || b == nil {
		return nil, nil
	}
	delta = new(*b - *a)
	if *a != 0 {
		share = new(*delta / math.Abs(*a))
	}
	return delta, share
}

func bootstrapped(a, b *analyze.Summary, intervals []stat.Interval) []Delta {
	var out []Delta
	for i, s := range statistics() {
		d := newDelta(s.name, s.of(a), s.of(b))
		d.Interval, d.Method = intervals[i], "bootstrap"
		out = append(out, d)
	}
	return out
}

// deltas takes each interval from those of both sides. correlation is that of their
// estimates; nil: they are independent.
func deltas(a, b *analyze.Summary, correlation func(statistic) float64) []Delta {
	var out []Delta
	for _, s := range statistics() {
		d := newDelta(s.name, s.of(a), s.of(b))
		if d.Delta != nil && a.CI95 != nil && b.CI95 != nil {
			rho := 0.0
			if correlation != nil {
				rho = correlation(s)
			}
			d.Interval = stat.Difference(stat.Estimate{Value: *d.A, Interval: s.interval(a.CI95)},
				stat.Estimate{Value: *d.B, Interval: s.interval(b.CI95)}, rho).Interval
			d.Method = "mover"
		}
		out = append(out, d)
	}
	return out
}

// correlation is that of the estimates of paired values: of the values for the mean,
// and of lying below for a quantile, which moves with their share (Bahadur 1966).
func correlation(s statistic, x, y []float64, a, b *float64) float64 {
	if s.quantile > 0 {
		x, y = atOrBelow(x, *a), atOrBelow(y, *b)
	}
	if gonum.StdDev(x, nil) == 0 || gonum.StdDev(y, nil) == 0 {
		return 0
	}
	return gonum.Correlation(x, y, nil)
}

func atOrBelow(values []float64, bound float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = indicator(v <= bound)
	}
	return out
}

func indicator(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

// test asks whether chance explains the difference of the distributions.
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

func newRate(r *rate, a, b *analyze.Result) Rate {
	out := Rate{Name: r.name, Label: r.label, Unit: r.unit, More: r.more, Verdict: Unknown}
	if r.hits == nil {
		out.A, out.B = r.value(a), r.value(b)
		out.Delta, out.Share = change(out.A, out.B)
		return out
	}
	estimate := func(of *analyze.Result) (e stat.Estimate, known *float64) {
		part, n := r.hits(of)
		if n == 0 {
			return e, nil
		}
		e = stat.Estimate{Value: float64(part) / float64(n), Interval: stat.Share(part, n)}
		return e, &e.Value
	}
	ea, va := estimate(a)
	eb, vb := estimate(b)
	out.A, out.B = va, vb
	if out.Delta, out.Share = change(va, vb); out.Delta != nil {
		out.Interval = stat.Difference(ea, eb, 0).Interval
		out.Verdict = verdict(*out.Delta, out.Interval, out.More)
	}
	return out
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

// judge calls a difference one where its interval excludes 0 and, where the metric was
// tested, chance does not explain it.
func (m *Metric) judge() {
	chance := m.Test != "" && (m.PAdjusted == nil || *m.PAdjusted >= significance)
	for i := range m.Deltas {
		d := &m.Deltas[i]
		d.Verdict = Unknown
		if d.Delta != nil && !chance {
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

func verdict(delta float64, i stat.Interval, more bool) Verdict {
	switch {
	case !i.Excludes(0) || delta == 0:
		return Unknown
	case delta > 0 == more:
		return Better
	}
	return Worse
}

// worst lists the requests whose E2E latency grew most.
func worst(a, b *run, matched []pair, n int) []Changed {
	at := func(name string) int {
		return slices.IndexFunc(metrics(), func(m metric) bool { return m.name == name })
	}
	e2e, ttft := at("e2e"), at("ttft")
	grew := func(p pair) float64 {
		before, after := a.requests[p.a].values[e2e], b.requests[p.b].values[e2e]
		if before == nil || after == nil {
			return 0
		}
		return *after - *before
	}
	order := slices.DeleteFunc(slices.Clone(matched), func(p pair) bool { return grew(p) <= 0 })
	slices.SortStableFunc(order, func(p, q pair) int { return cmp.Compare(grew(q), grew(p)) })
	out := []Changed{}
	for _, p := range order[:min(n, len(order))] {
		before, after := &a.requests[p.a], &b.requests[p.b]
		out = append(out, Changed{before.id.String(), after.id.String(), before.values[e2e], after.values[e2e],
			before.values[ttft], after.values[ttft]})
	}
	return out
}
