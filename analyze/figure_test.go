package analyze

import (
	"bytes"
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"metron/analyze/plot"
	"metron/schema"
)

// smallRun writes a run with something for every figure to show.
func smallRun(t *testing.T) string {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	var rows []schema.Record
	for i := range 60 {
		input := 100 + int64(rnd.IntN(3000))
		at := 20_000 + 50*input + int64(rnd.IntN(20_000))
		times := []int64{at}
		for range 5 + rnd.IntN(40) {
			at += 5000 + int64(rnd.IntN(20_000))
			times = append(times, at)
		}
		if i%10 == 0 {
			times[len(times)-1] += 400_000 // a stall
		}
		r := record(uint64(i+1), int64(i)*150_000, 1, times...)
		r.InputTokens, r.OutputTokens = &input, new(int64(len(times)))
		r.Dispatched, r.Wrote, r.End = new(int64(rnd.IntN(300))), new(int64(300+rnd.IntN(300))), new(times[len(times)-1]+100)
		rows = append(rows, r)
	}
	return writeFile(t, "run.parquet", schema.Meta{Vantage: schema.VantageReplay}, rows...)
}

// Every kind of the table is drawn from one small run, in every style, and says what it is of.
func TestEveryFigure(t *testing.T) {
	path := smallRun(t)
	r, err := Analyze(context.Background(), []string{path}, Config{Trim: Trim{HeadRows: 2}, Drawing: Drawing{Kinds: FigureNames()}})
	if err != nil {
		t.Fatal(err)
	}
	for _, style := range []plot.Style{{}, {Theme: plot.Dark, Size: plot.Column}} {
		figures, err := Draw(style, r, r)
		if err != nil {
			t.Fatal(err)
		}
		if len(figures) != len(FigureNames()) {
			t.Errorf("%d figures of %d kinds", len(figures), len(FigureNames()))
		}
		for _, f := range figures {
			if f.Missing != "" {
				t.Errorf("%s: %s", f.Name, f.Missing)
				continue
			}
			for _, format := range plot.Formats() {
				var first, again bytes.Buffer
				if err := f.Encode(&first, format); err != nil {
					t.Fatalf("%s: %v", f.Name, err)
				}
				if format != plot.SVG {
					continue
				}
				if err := f.Encode(&again, format); err != nil || !bytes.Equal(first.Bytes(), again.Bytes()) {
					t.Errorf("%s: drawn twice, the bytes differ: %v", f.Name, err)
				}
				said := strings.Join(strings.FieldsFunc(first.String(), func(r rune) bool { return r == '<' || r == '>' || r == '\n' }), " ")
				for _, want := range []string{"run.parquet", "N = ", "the first 2"} {
					if !strings.Contains(said, want) {
						t.Errorf("%s does not say %q", f.Name, want)
					}
				}
			}
		}
	}
}

// Of a run without answers there is nothing to draw, and every kind says why.
func TestFiguresOfNothing(t *testing.T) {
	failed := record(1, 0, 1)
	failed.Outcome, failed.OutputTokens = schema.OutcomeTransportError, nil
	got := analyze(t, Config{Drawing: Drawing{Kinds: FigureNames()}}, failed)
	figures, err := Draw(plot.Style{}, got)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		if f.Missing == "" {
			t.Errorf("%s was drawn", f.Name)
		}
	}
	dir := filepath.Join(t.TempDir(), "plots")
	if paths, err := WriteFigures(dir, plot.Style{}, plot.Formats(), got); err != nil || len(paths) > 0 {
		t.Errorf("%v, %v", paths, err)
	}
}
