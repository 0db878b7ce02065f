package analyze

import (
	"slices"
	"testing"
)

// TestSampledWarning: a capture that left traffic out says so.
func TestSampledWarning(t *testing.T) {
	for rate, want := range map[float64]bool{0.1: true, 1: false} {
		r := &Result{Files: []FileInfo{{Path: "a.parquet", sampled: rate}}}
		c := Config{}.fill()
		warnings := r.warn(newTally(&c, 0))
		if got := slices.ContainsFunc(warnings, func(w Warning) bool { return w.Code == "sampled" }); got != want {
			t.Errorf("a share of %v: %v", rate, warnings)
		}
	}
}
