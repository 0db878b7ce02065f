package analyze

import (
	"bytes"
	"context"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"metron/analyze/plot"
	"metron/internal/term"
	"metron/schema"
)

// smallRun writes a run with something for every figure to show.
func smallRun(t *testing.T) string { return smallRunOf(t, "run.parquet", 60) }

func smallRunOf(t *testing.T, name string, requests int) string {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	var rows []schema.Record
	for i := range requests {
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
	return writeFile(t, name, schema.Meta{Vantage: schema.VantageReplay}, rows...)
}

// Every kind of the table is drawn from one small run, in every style, and says what it is of.
func TestEveryFigure(t *testing.T) {
	config := Config{Trim: Trim{HeadRows: 2}, Drawing: Drawing{Kinds: FigureNames()}}
	var runs []*Result
	for _, path := range []string{smallRun(t), smallRunOf(t, "other.parquet", 50)} {
		r, err := Analyze(context.Background(), []string{path}, config)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, r)
	}
	r, other := runs[0], runs[1]
	counted := func(key string) string {
		return "N = " + term.Count(r.Metrics.Get(key).Count) + ", " + term.Count(other.Metrics.Get(key).Count)
	}
	ofBoth := map[string]string{"token_rate_bars": "N = 58, 48 answered requests", "compare_ttft": "N = 58, 48 answered requests",
		"compare_tbt": counted(keyTBT) + " gaps", "compare_e2e": "N = 58, 48 answered requests"}
	if len(r.Curve) == 0 {
		t.Error("the curve that is drawn is not in the result")
	}
	for _, style := range []plot.Style{{}, {Theme: plot.Dark, Size: plot.Column}} {
		figures, err := Draw(style, r, other)
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
			// The other formats draw the same, and take long.
			var first, again bytes.Buffer
			if err := f.Encode(&first, plot.SVG); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			if err := f.Encode(&again, plot.SVG); err != nil || !bytes.Equal(first.Bytes(), again.Bytes()) {
				t.Errorf("%s: drawn twice, the bytes differ: %v", f.Name, err)
			}
			said := strings.Join(strings.FieldsFunc(first.String(), func(r rune) bool { return r == '<' || r == '>' || r == '\n' }), " ")
			wanted := []string{"run.parquet", "N = ", "the first 2"}
			if both := ofBoth[f.Name]; both != "" {
				wanted = append(wanted, "other.parquet", both)
			}
			for _, want := range wanted {
				if !strings.Contains(said, want) {
					t.Errorf("%s does not say %q", f.Name, want)
				}
			}
		}
	}
}

// What was left out of each run is said of each where it differs.
func TestCaptionOfRuns(t *testing.T) {
	run := func(name, trimmed string) figureRun {
		return figureRun{Result: &Result{Files: []FileInfo{{Path: name}}, trimmed: trimmed}}
	}
	count := func(*Result) int64 { return 7 }
	for want, runs := range map[string][]figureRun{
		"a, b; N = 7, 7 gaps; how":                         {run("x/a", ""), run("b", "")},
		"a, b; N = 7, 7 gaps; how; 2 of it":                {run("a", "2 of it"), run("b", "2 of it")},
		"a, b; N = 7, 7 gaps; how; a: 2 of it; b: 3 of it": {run("a", "2 of it"), run("b", "3 of it")},
		"a, b; N = 7, 7 gaps; how; b: 3 of it":             {run("a", ""), run("b", "3 of it")},
		"a, b, 2 more; N = 7, 7, 7, 7 gaps; how; 2 of it":  {run("a", "2 of it"), run("b", "2 of it"), run("c", "2 of it"), run("d", "2 of it")},
	} {
		if got := captionOfRuns(runs, count, "gaps", "how"); got != want {
			t.Errorf("%q, want %q", got, want)
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
	ofEveryOutcome := []string{"send_lag", "run_timeline", "swim_lanes", "goodput_tightness"}
	for _, f := range figures {
		if drawn := f.Missing == ""; drawn != slices.Contains(ofEveryOutcome, f.Name) {
			t.Errorf("%s was drawn: %v %s", f.Name, drawn, f.Missing)
		}
	}
	dir := filepath.Join(t.TempDir(), "plots")
	if paths, err := WriteFigures(dir, plot.Style{}, []plot.Format{plot.SVG}, got); err != nil || len(paths) != len(ofEveryOutcome) {
		t.Errorf("%v, %v", paths, err)
	}
}

// Whoever reads which rows, in whatever order, the figures are the same.
func TestFiguresOfParts(t *testing.T) {
	path := smallRun(t)
	var want []string
	for _, workers := range []int{1, 3} {
		before := runtime.GOMAXPROCS(workers)
		r, err := Analyze(context.Background(), []string{path}, Config{Drawing: Drawing{Kinds: FigureNames()}})
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		figures, err := Draw(plot.Style{}, r)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range figures {
			if f.Missing != "" {
				continue
			}
			var b strings.Builder
			if err := f.Encode(&b, plot.SVG); err != nil {
				t.Fatal(err)
			}
			if workers == 1 {
				want = append(want, b.String())
			} else if b.String() != want[i] {
				t.Errorf("%s: three workers draw another figure than one", f.Name)
			}
		}
	}
}
