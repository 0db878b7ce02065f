package analyze

import (
	"math"

	"metron/analyze/stat"
)

// Summary is one row of the table of metrics. A nil number is undefined: no
// values, one value for Stddev, or a value beyond every deadline.
type Summary struct {
	Count  int64    `json:"count"`
	Mean   *float64 `json:"mean"`
	Stddev *float64 `json:"stddev"` // of a sample: n-1
	Min    *float64 `json:"min"`
	Max    *float64 `json:"max"`
	P50    *float64 `json:"p50"`
	P75    *float64 `json:"p75"`
	P90    *float64 `json:"p90"`
	P95    *float64 `json:"p95"`
	P99    *float64 `json:"p99"`
	P999   *float64 `json:"p99_9"`

	CI95 *Intervals `json:"ci95,omitempty"` // nil: no values
}

// Intervals are where the numbers of a Summary lie with 95 % confidence. A nil end is
// one that so few values do not bound.
type Intervals struct {
	Mean stat.Interval `json:"mean"`
	P50  stat.Interval `json:"p50"`
	P75  stat.Interval `json:"p75"`
	P90  stat.Interval `json:"p90"`
	P95  stat.Interval `json:"p95"`
	P99  stat.Interval `json:"p99"`
	P999 stat.Interval `json:"p99_9"`
}

// percentile is one of those that are computed everywhere.
type percentile struct {
	name     string
	permille int64
	of       func(*Summary) **float64
	interval func(*Intervals) *stat.Interval
}

func (p *percentile) fraction() Fraction { return Fraction{p.permille, 1000} }

// summaryPercentiles lists them, in the order of the table.
func summaryPercentiles() []percentile {
	return []percentile{
		{"p50", 500, func(s *Summary) **float64 { return &s.P50 }, func(i *Intervals) *stat.Interval { return &i.P50 }},
		{"p75", 750, func(s *Summary) **float64 { return &s.P75 }, func(i *Intervals) *stat.Interval { return &i.P75 }},
		{"p90", 900, func(s *Summary) **float64 { return &s.P90 }, func(i *Intervals) *stat.Interval { return &i.P90 }},
		{"p95", 950, func(s *Summary) **float64 { return &s.P95 }, func(i *Intervals) *stat.Interval { return &i.P95 }},
		{"p99", 990, func(s *Summary) **float64 { return &s.P99 }, func(i *Intervals) *stat.Interval { return &i.P99 }},
		{"p99.9", 999, func(s *Summary) **float64 { return &s.P999 }, func(i *Intervals) *stat.Interval { return &i.P999 }},
	}
}

// percentiles fills what depends on ranks alone.
func percentiles(m Method, n int64, at func(rank int64) float64) Summary {
	s := Summary{Count: n}
	if n == 0 {
		return s
	}
	s.Min, s.Max = finite(at(0)), finite(at(n-1))
	for _, p := range summaryPercentiles() {
		*p.of(&s) = finite(m.quantile(p.fraction(), n, at))
	}
	return s
}

// finite returns a pointer to v, or nil for what no number says.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

// inverse is 1/v, nil where v is undefined or 0.
func inverse(v *float64) *float64 {
	if v == nil || *v == 0 {
		return nil
	}
	return finite(1 / *v)
}
