package recipe

import (
	"fmt"
	"io"

	"metron/analyze"
	"metron/internal/term"
)

// column is one side of a comparison.
type column struct {
	name   string
	result *analyze.Result
}

// compare prints two results side by side. It judges nothing: the two are one
// run each.
func compare(w io.Writer, a, b column) error {
	seconds := term.Seconds
	share := func(v float64) string { return fmt.Sprintf("%.2f %%", 100*v) }
	var t term.Table
	t.Row("", a.name, b.name, "B against A")
	for _, r := range []struct {
		name   string
		value  func(*analyze.Result) *float64
		format func(float64) string
	}{
		{"TTFT p50", metric("ttft_s", p50), seconds},
		{"TTFT p99", metric("ttft_s", p99), seconds},
		{"TBT p50", metric("tbt_s", p50), seconds},
		{"TBT p99", metric("tbt_s", p99), seconds},
		{"TPOT p50", metric("tpot_s", p50), seconds},
		{"E2E p50", metric("e2e_latency_s", p50), seconds},
		{"E2E p99", metric("e2e_latency_s", p99), seconds},
		{"output tok/s", func(r *analyze.Result) *float64 { return r.Throughput.OutputTokensPerS }, term.Number},
		{"fluidity-index, mean", metric("fluidity_index", mean), func(v float64) string { return fmt.Sprintf("%.3f", v) }},
		{"deadline miss rate", func(r *analyze.Result) *float64 { return r.Fluidity.ServiceMissRate }, share},
		{"fluid token rate, tok/s", func(r *analyze.Result) *float64 { return r.Fluidity.FluidTokenRate }, term.Number},
	} {
		va, vb := r.value(a.result), r.value(b.result)
		t.Row(r.name, show(va, r.format), show(vb, r.format), change(va, vb))
	}
	t.Row("requests ok", term.Count(a.result.Requests.OK), term.Count(b.result.Requests.OK))
	_, err := t.WriteTo(w)
	return err
}

func metric(key string, part func(analyze.Summary) *float64) func(*analyze.Result) *float64 {
	return func(r *analyze.Result) *float64 {
		m := r.Metrics.Get(key)
		return part(m.Summary)
	}
}

func p50(s analyze.Summary) *float64  { return s.P50 }
func p99(s analyze.Summary) *float64  { return s.P99 }
func mean(s analyze.Summary) *float64 { return s.Mean }

// show formats a number, a dash for one that is undefined.
func show(v *float64, format func(float64) string) string {
	if v == nil {
		return "-"
	}
	return format(*v)
}

// change is the difference of b from a, in percent of a.
func change(a, b *float64) string {
	if a == nil || b == nil || *a == 0 {
		return "-"
	}
	return fmt.Sprintf("%+.1f %%", 100*(*b-*a) / *a)
}
