package analyze

import "math"

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
}

// percentiles fills what depends on ranks alone.
func percentiles(m Method, n int64, at func(rank int64) float64) Summary {
	s := Summary{Count: n}
	if n == 0 {
		return s
	}
	s.Min, s.Max = finite(at(0)), finite(at(n-1))
	for _, p := range []struct {
		to       **float64
		permille int64
	}{{&s.P50, 500}, {&s.P75, 750}, {&s.P90, 900}, {&s.P95, 950}, {&s.P99, 990}, {&s.P999, 999}} {
		*p.to = finite(m.quantile(Fraction{p.permille, 1000}, n, at))
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
