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

	"pgregory.net/rapid"

	"metron/analyze/plot"
	"metron/analyze/prefill"
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
		if f.Missing == "" && f.Name != "send_lag" { // which is of every outcome
			t.Errorf("%s was drawn", f.Name)
		}
	}
	dir := filepath.Join(t.TempDir(), "plots")
	if paths, err := WriteFigures(dir, plot.Style{}, plot.Formats(), got); err != nil || len(paths) != 3 {
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

// Bins of prompt lengths hold every request once, in order, and none shares a length with
// the next.
func TestPromptBins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g promptTTFTs
		for range rapid.IntRange(1, 300).Draw(t, "n") {
			g.points = append(g.points, promptTTFT{rapid.Int64Range(1, 100_000).Draw(t, "tokens"), float64(rapid.IntRange(1, 1_000_000).Draw(t, "us"))})
		}
		points := g.sorted()
		for name, bins := range map[string][]promptBin{"octaves": octaveBins(points), "even": evenBins(points)} {
			at := 0
			for i, b := range bins {
				first, last := points[at].tokens, points[at+len(b.times)-1].tokens
				if b.from > first || i > 0 && b.from <= points[at-1].tokens || !slices.IsSorted(b.times) {
					t.Fatalf("%s: bin %d from %d holds %d to %d after %d", name, i, b.from, first, last, points[max(0, at-1)].tokens)
				}
				if name == "even" && (b.mid < float64(first) || b.mid > float64(last)) {
					t.Fatalf("the middle of %d to %d is %v", first, last, b.mid)
				}
				at += len(b.times)
			}
			if at != len(points) {
				t.Fatalf("%s: %d of %d requests", name, at, len(points))
			}
		}
	})
}

// The steps of the send lag, against counting by hand.
func TestLagSteps(t *testing.T) {
	steps, stepS := lagSteps([]sentAt{{startUS + 250_000, 90}, {startUS, 30}, {startUS + 1000, 10}, {startUS + 99_999, 20}, {startUS + 250_000, 70}})
	want := []plot.LagStep{{AtS: 0, P50: 20e-6, Max: 30e-6}, {AtS: 0.2, P50: 70e-6, Max: 90e-6}}
	if stepS != 0.1 || !slices.Equal(steps, want) {
		t.Errorf("%v of %v s, want %v", steps, stepS, want)
	}
	if got := roundUp(300_001); got != 500_000 {
		t.Errorf("rounded up to %d", got)
	}
}

// With a prefill model its curve is drawn, with the band of its coefficients.
func TestModelCurve(t *testing.T) {
	m := &prefill.Model{Curve: &prefill.Quadratic{ConstantUS: 1000, PerTokenUS: 10}, MinTokens: 1, MaxTokens: 1000,
		CI95: &prefill.CurveRange{Low: prefill.Quadratic{ConstantUS: 500, PerTokenUS: 9}, High: prefill.Quadratic{ConstantUS: 1500, PerTokenUS: 11}}}
	c := modelCurve(m, 100, 1000)
	last := len(c.X) - 1
	if c.X[0] != 100 || c.X[last] != 1000 || c.Y[0] != 0.002 || c.Low[0] != 0.0014 || c.High[last] != 0.0125 || c.BandName == "" {
		t.Errorf("from %v %v in %v to %v %v in %v", c.X[0], c.Y[0], c.Low[0], c.X[last], c.Y[last], c.High[last])
	}
	m.CI95 = nil
	if c := modelCurve(m, 100, 1000); c.BandName != "" || c.Low != nil {
		t.Errorf("a band of nothing: %q", c.BandName)
	}
}
