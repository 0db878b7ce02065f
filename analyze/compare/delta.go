package compare

import (
	"math"

	gonum "gonum.org/v1/gonum/stat"

	"metron/analyze"
	"metron/analyze/stat"
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
