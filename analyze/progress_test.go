package analyze

import (
	"testing"

	"metron/schema"
)

// TestProgress: every pass of an analysis counts itself and comes to the last row of the
// last file.
func TestProgress(t *testing.T) {
	p := &Progress{}
	if p.Line() != "opening" {
		t.Error(p.Line())
	}
	paths := []string{writeFile(t, "a.parquet", schema.Meta{}, traffic(300, 4, 1)...), writeFile(t, "b.parquet", schema.Meta{}, traffic(900, 4, 2)...)}
	seen := int64(0)
	config := Config{Progress: p, Trim: Trim{Steady: true}, Plots: true, PerRequest: func(*RequestRow) error {
		seen = max(seen, p.row.Load())
		return nil
	}}
	if _, err := Analyze(t.Context(), paths, config); err != nil {
		t.Fatal(err)
	}
	if p.passes.Load() < 3 || p.Line() != "reading row 1,200 of 1,200, pass 4" || seen < 300 {
		t.Errorf("%q, rows seen %d", p.Line(), seen)
	}
}
