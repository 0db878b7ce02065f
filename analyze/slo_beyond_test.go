package analyze

import (
	"math"
	"testing"
)

// TestBeyondIsTheCount holds counts of the population against those of the requests' own
// table, and against the percentile: it holds exactly if no more are beyond than may be. Counts
// of seconds add up to the whole.
func TestBeyondIsTheCount(t *testing.T) {
	slo, err := ParseSLO("ttft.p90<=70ms,tbt.p99<=30ms,fluidity.p5>=0.5,miss_rate.p95<=0.1,tbt_deadline=20ms,ttft_deadline=60ms")
	if err != nil {
		t.Fatal(err)
	}
	ttft, within := int64(0), int64(0)
	c := Config{SLOs: []SLO{slo}, By: []string{"second"}, PerRequest: func(r *RequestRow) error {
		if r.Measured && r.Outcome == "ok" && r.TTFTS != nil {
			ttft++
			if *r.TTFTS <= 0.07 {
				within++
			}
		}
		return nil
	}}
	r := analyze(t, c, traffic(400, 40, 3)...)
	whole := r.SLOs()[0]
	for i, k := range whole.Constraints {
		if k.Values == 0 || k.Beyond > k.Values {
			t.Fatalf("%s: %d of %d beyond", k.Constraint, k.Beyond, k.Values)
		}
		allowed := math.Floor(k.Tolerated*float64(k.Values) + 1e-9)
		if slo.Constraints[i].Metric == "fluidity" { // the rank itself may not be beyond
			allowed = math.Ceil(k.Tolerated*float64(k.Values)-1e-9) - 1
		}
		if holds := float64(k.Beyond) <= allowed; holds != *k.Pass {
			t.Errorf("%s: %d of %d are beyond, %v may be, and it passes: %v", k.Constraint, k.Beyond, k.Values, allowed, *k.Pass)
		}
		beyond, values := int64(0), int64(0)
		for g := range r.Groups {
			part := r.Groups[g].SLOs()[0].Constraints[i]
			beyond, values = beyond+part.Beyond, values+part.Values
		}
		if beyond != k.Beyond || values != k.Values {
			t.Errorf("%s: seconds add up to %d of %d, the whole has %d of %d", k.Constraint, beyond, values, k.Beyond, k.Values)
		}
	}
	if k := whole.Constraints[0]; k.Values != ttft || k.Beyond != ttft-within {
		t.Errorf("%d of %d TTFTs are beyond 70 ms, want %d of %d", k.Beyond, k.Values, ttft-within, ttft)
	}
}
