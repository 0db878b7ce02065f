package compare

import (
	"metron/analyze"
	"metron/analyze/stat"
)

const (
	// bootstrapRequests is the size of a run up to which it is drawn again and again;
	// beyond, the intervals of its order statistics are as good and cost nothing.
	bootstrapRequests = 20_000
	resamples         = 1000
)

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
	method := a.result.Settings.Percentile
	sa, sb := summary(x, method), summary(y, method)
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
		out.Each = newEach(x, y, method)
	}
	out.test(x, y, paired)
	return out
}

// newEach is the median change of pairs, nil where no value of the base is above 0.
func newEach(x, y []float64, m analyze.Method) *Each {
	var changes analyze.Samples
	for i := range x {
		if x[i] > 0 {
			changes.Add(y[i]/x[i] - 1)
		}
	}
	s := changes.Summary(m, 1)
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

func summary(values []float64, m analyze.Method) analyze.Summary {
	var s analyze.Samples
	for _, v := range values {
		s.Add(v)
	}
	return s.Summary(m, 1)
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
