package compare

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"metron/analyze/plot"
)

// Each time that is drawn says what the table says: percentiles, and whether a change shows.
func TestFigures(t *testing.T) {
	base, run := traffic(t, "base.parquet", 200, 1, 1, nil), traffic(t, "run.parquet", 200, 1.1, 2, nil)
	c := compare(t, Config{Draw: true}, base, run)
	dir := filepath.Join(t.TempDir(), "plots")
	if err := c.WriteFigures(dir, plot.Style{}, plot.SVG); err != nil {
		t.Fatal(err)
	}
	var names []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"compare_e2e.svg", "compare_tbt.svg", "compare_ttft.svg"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "compare_ttft.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"base.parquet", "run.parquet", "of the 200 requests that both answered", "p99"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	overlay := c.Against[0].figures[0].data.(plot.Overlay)
	for _, change := range overlay.Changes {
		d := deltaOf(t, &c.Against[0], "ttft", change.Name)
		if change.Share != *d.Delta / *d.A || change.Shown != (d.Verdict != Unknown) {
			t.Errorf("%s: %+v, want %+v", change.Name, change, d)
		}
	}
	if len(overlay.Changes) != 6 {
		t.Errorf("%d percentiles", len(overlay.Changes))
	}
	several := compare(t, Config{Draw: true}, base, run, run)
	if err := several.WriteFigures(dir, plot.Style{}, plot.SVG); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "compare_tbt_2.svg")); err != nil {
		t.Error(err)
	}
}
