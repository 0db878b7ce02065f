package analyze

import (
	"strings"
	"testing"

	"metron/schema"
)

// A run of which nothing was sent has no time to be published as of.
func TestPublishedOfNothing(t *testing.T) {
	unsent := record(1, 0, 1)
	unsent.Outcome, unsent.OutputTokens = schema.OutcomeNotSent, nil
	if _, err := analyze(t, Config{}, unsent).Published(); err == nil || !strings.Contains(err.Error(), "run.parquet") {
		t.Errorf("%v", err)
	}
	r, err := analyze(t, Config{}, record(1, 0, 1, 20_000, 40_000)).Published()
	if err != nil || r.Start.UnixMicro() != startUS {
		t.Fatalf("%v, %v", r, err)
	}
	for _, d := range r.Distributions {
		for v := range d.Values {
			if want := map[string]float64{"input_tokens": 100, "output_tokens": 2, "ttft_s": 0.02, "tpot_s": 0.02, "e2e_latency_s": 0.04}[d.Metric]; v != want {
				t.Errorf("%s: %v, want %v", d.Metric, v, want)
			}
		}
	}
}
