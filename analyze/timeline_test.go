package analyze

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"metron/analyze/plot"
	"metron/schema"
)

// The worst, the median and the best of two files, with their tokens and the needs
// of their reader.
func TestTimelines(t *testing.T) {
	worst := record(1, 0, 1, 300_000, 310_000, 600_000) // late, and 240 ms late again
	median := record(2, 0, 1, 100_000, 190_000)         // the second 40 ms late
	best := record(3, 0, 1, 50_000, 60_000)
	a := writeFile(t, "a.parquet", schema.Meta{}, record(9, 0, 1), best, worst)
	b := writeFile(t, "b.parquet", schema.Meta{}, median)
	r, err := Analyze(context.Background(), []string{a, b}, Config{Plots: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []timeline{
		{name: "worst", times: []int64{300_000, 310_000, 600_000}, due: []int64{100_000, 350_000, 400_000}},
		{name: "median", times: []int64{100_000, 190_000}, due: []int64{100_000, 150_000}},
		{name: "best", times: []int64{50_000, 60_000}, due: []int64{100_000, 150_000}},
	}
	if len(r.timelines) != len(want) {
		t.Fatalf("%d timelines", len(r.timelines))
	}
	for i, w := range want {
		got := r.timelines[i]
		if got.name != w.name || !slices.Equal(got.times, w.times) || !slices.Equal(got.due, w.due) {
			t.Errorf("timeline %d: %+v, want %+v", i, got, w)
		}
	}
}

// A journal is read as a file is, and a request is found again in its second
// batch.
func TestJournal(t *testing.T) {
	const flushed, worst = 5 * 4096, 20_000
	path := filepath.Join(t.TempDir(), "run.parquet")
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageReplay})
	if err != nil {
		t.Fatal(err)
	}
	for i := range flushed {
		at := int64(50_000)
		if i == worst {
			at = 700_000
		}
		r := record(uint64(i), int64(i)*1000, 1, at, at+10_000)
		if err := w.Put(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Keep(); err != nil {
		t.Fatal(err)
	}
	journal := schema.JournalPath(path)
	f, err := schema.Open(journal)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	batches := 0
	for _, err := range f.Batches("start_time") {
		if err != nil {
			t.Fatal(err)
		}
		batches++
	}
	if batches < 2 {
		t.Errorf("%d batch: the test needs more rows", batches)
	}
	r, err := Analyze(context.Background(), []string{journal}, Config{Plots: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests.Total != flushed || r.Metrics.Get("ttft_s").Count != flushed {
		t.Errorf("%d rows, %d with a TTFT, want %d", r.Requests.Total, r.Metrics.Get("ttft_s").Count, flushed)
	}
	if first := r.timelines[0].times[0]; first != 700_000 {
		t.Errorf("the worst request has its first token at %d us", first)
	}
}

// What no writer of ours would write: times backwards, lists of different lengths.
// The first is answered with a warning, the second an error that names the row.
func TestForeignFiles(t *testing.T) {
	sealed := writeFile(t, "run.parquet", schema.Meta{}, record(1, 0, 1, 50_000))
	f, err := schema.Open(sealed)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(records ...schema.Record) string {
		in, err := os.Open(sealed)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		like, err := parquet.OpenFile(in, f.Size())
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		w := parquet.NewGenericWriter[schema.Record](&b)
		for _, kv := range like.Metadata().KeyValueMetadata {
			w.SetKeyValueMetadata(kv.Key, kv.Value)
		}
		if _, err := w.Write(records); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "foreign.parquet")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}

	backwards := record(1, 0, 1, 50_000, 40_000, 90_000)
	r, err := Analyze(context.Background(), []string{write(backwards)}, Config{Drawing: Drawing{Kinds: FigureNames()}})
	if err != nil {
		t.Fatal(err)
	}
	if m := r.Metrics.Get("tbt_s"); m.Count != 2 || *m.Min != -0.01 || !warned(r, "times_backwards") {
		t.Errorf("TBT %+v, warnings %v", m, r.Warnings)
	}
	if _, err := Draw(plot.Style{}, r); err != nil {
		t.Error(err)
	}

	short, many := record(2, 0, 1, 50_000, 60_000), record(3, 0, 1, 50_000, 60_000)
	short.ChunkKind = short.ChunkKind[:1]
	many.ChunkTokens = []int32{math.MaxInt32, 1, 0}
	for what, records := range map[string][]schema.Record{"chunk_kind has 1": {backwards, short}, "chunk_tokens": {backwards, many}} {
		if _, err := Analyze(context.Background(), []string{write(records...)}, Config{}); err == nil ||
			!strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "row 2") || !strings.Contains(err.Error(), "foreign.parquet") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
