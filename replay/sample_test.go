package replay

import (
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"metron/schema/trace"
)

// TestSampleIsThatOfSlice: `trace slice` and `replay` take the same rows.
func TestSampleIsThatOfSlice(t *testing.T) {
	many := rapid.Custom(drawRows).Filter(func(rows []rowAt) bool { return len(rows) >= 8 })
	source := traceIn(t, 1, many.Example(3))
	out := filepath.Join(t.TempDir(), "half.parquet")
	s := trace.Slice{Job: trace.Job{In: []string{source.Files[0].Path()}, Out: out}, Sample: 0.5, SampleBy: trace.BySession, Seed: 3}
	if _, err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[uuid.UUID]bool{}
	rows, _ := rowsOf(t, out)
	for _, row := range rows {
		want[row.RecordID] = true
	}
	p := Plan{Trace: source, Sample: 0.5, SampleSeed: 3}
	if err := p.Measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	for s, err := range p.Sends() {
		if err != nil {
			t.Fatal(err)
		}
		if !want[s.Source] {
			t.Errorf("%s is in the sample of replay alone", s.Source)
		}
	}
	if p.Rows() != int64(len(want)) || len(want) == 0 {
		t.Errorf("%d rows, of slice %d", p.Rows(), len(want))
	}
}
