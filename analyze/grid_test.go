package analyze

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sort"
	"testing"
	"time"

	"metron/analyze/report"
	"metron/schema"
)

// leavers are traffic some of whose clients hung up in the middle, or before.
func leavers(n int) []schema.Record {
	records := traffic(n, 14, 3)
	for i := range records {
		if r := &records[i]; i%11 == 3 && r.Outcome == schema.OutcomeOK && r.Stream {
			r.Outcome, r.ClientAbort, r.End = schema.OutcomeClientAbort, r.End, nil
		}
	}
	return records
}

// TestGridAnswersAsAnalyzeDoes: at points of the grid, what the page shows is what another
// analysis says that is asked for exactly that.
func TestGridAnswersAsAnalyzeDoes(t *testing.T) {
	records := leavers(260)
	for i := range records {
		switch r := &records[i]; i % 16 {
		case 0:
			for j := range r.ChunkTime {
				r.ChunkChoice, r.ChoiceCount = append(r.ChunkChoice, int16(j%2)), 2
			}
		case 1:
			r.InputTokens = nil
		case 2:
			r.ChunkTokens, r.OutputTokens = nil, nil
		}
	}
	for _, base := range []Config{
		{Report: true, TTFTDeadline: 77 * time.Millisecond, TBTDeadline: 23 * time.Millisecond},
		{Report: true, Fluidity: ArithmeticDocs, MultiToken: Spread},
		{Report: true, Prefill: somePrefill(), PrefillSlack: 11 * time.Millisecond},
	} {
		path := writeFile(t, "run.parquet", schema.Meta{}, records...)
		whole, err := Analyze(context.Background(), []string{path}, base)
		if err != nil {
			t.Fatal(err)
		}
		g := whole.grid
		if g.Answered == 0 || g.Failed == 0 || len(g.Gone) == 0 || g.LeftOut == 0 {
			t.Fatalf("the traffic has not everything: %d answered, %d failed, %d left out", g.Answered, g.Failed, g.LeftOut)
		}
		points := []report.Point{g.Asked}
		rnd := rand.New(rand.NewPCG(1, 2))
		for range 6 {
			points = append(points, report.Point{TTFT: rnd.IntN(len(g.TTFTUS)), TBT: rnd.IntN(len(g.TBTUS)), Miss: rnd.IntN(len(g.Miss)), Percentile: rnd.IntN(len(g.Percentile))})
		}
		for _, p := range points {
			comparePoint(t, path, base, g, p)
		}
	}
}

// comparePoint asks analyze what the grid answers at p.
func comparePoint(t *testing.T, path string, c Config, g *report.Grid, p report.Point) {
	t.Helper()
	first, tbt := time.Duration(g.TTFTUS[p.TTFT])*time.Microsecond, time.Duration(g.TBTUS[p.TBT])*time.Microsecond
	what := fmt.Sprintf("%s, TTFT %v, TBT %v, %d permille", c.Fluidity, first, tbt, g.Miss[p.Miss])
	c.Report, c.Plots, c.TBTDeadline = false, true, tbt
	if c.Prefill != nil {
		c.PrefillSlack = first
	} else {
		c.TTFTDeadline = first
	}
	c.SLOs = []SLO{mustSLO(t, fmt.Sprintf("miss_rate<=%.3f", float64(g.Miss[p.Miss])/1000))}
	r, err := Analyze(context.Background(), []string{path}, c)
	if err != nil {
		t.Fatal(err)
	}
	same := func(name string, got, want int64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s is %d in the grid, %d to analyze", what, name, got, want)
		}
	}
	slo := r.SLOs()[0]
	same("good", g.Good[p.TTFT][p.TBT][p.Miss], slo.Good)
	same("judged", g.Answered+g.Failed+g.Gone[p.TTFT][p.TBT][p.Miss], slo.Requests)
	same("good tokens", g.GoodTokens[p.TTFT][p.TBT][p.Miss], int64(math.Round(*slo.GoodTokensPerS**r.DurationS)))
	same("decoding", g.Decoding, r.decoding)
	same("missed", g.ServiceMissed[p.TTFT][p.TBT], r.Fluidity.ServiceMissed)
	same("deadlines", g.ServiceTotal[p.TTFT][p.TBT], r.Fluidity.ServiceTotal)
	if *g.DurationS != *r.DurationS {
		t.Errorf("%s: the duration is %v in the grid, %v to analyze", what, *g.DurationS, *r.DurationS)
	}
	rates := r.Metrics.Get("deadline_miss_rate")
	for k, q := range summaryPercentiles() {
		same(q.name+" of the miss rates", g.MissRate[p.TTFT][p.TBT][k], int64(math.Ceil(**q.of(&rates.Summary)*1000-1e-9)))
	}
	if ms := g.TBTUS[p.TBT] / 1000; ms*1000 == g.TBTUS[p.TBT] && ms <= curveSteps {
		same("1 - acceptance", g.DecodeMissRate[p.TBT][4], int64(math.Ceil((1-r.Curve[ms-1].Acceptance)*1000-1e-9)))
	}
	for m, miss := range g.Miss {
		if miss != 100 {
			continue
		}
		if got := 1e6 / float64(*g.FluidUS[m][4]); got != *r.Fluidity.FluidTokenRate {
			t.Errorf("%s: the fluid token rate is %v in the grid, %v to analyze", what, got, *r.Fluidity.FluidTokenRate)
		}
	}
}

// TestGridFluidDeadlines: where the definition of the fluid token rate has other shares and
// percentiles, the deadline is that of the requests' own minima.
func TestGridFluidDeadlines(t *testing.T) {
	records := leavers(150)
	g := analyze(t, Config{Report: true}, records...).grid
	for m, miss := range g.Miss {
		var minima Samples
		for _, r := range records {
			if r.Outcome != schema.OutcomeOK || r.Phase != schema.PhaseMeasure || !r.Stream || len(r.ChunkTime) < 3 {
				continue
			}
			var gaps []int64
			last := int64(0)
			for _, at := range r.ChunkTime[:len(r.ChunkTime)-1] {
				gaps = append(gaps, at-last)
				last = at
			}
			holds := func(tbt int) bool {
				s := Exact(gaps, Deadlines{TBT: int64(tbt), DecodeOnly: true})
				return Fraction{miss, 1000}.Holds(s.Missed, s.Total())
			}
			minima.Add(float64(1 + sort.Search(2_000_000, func(i int) bool { return holds(1 + i) })))
		}
		if minima.Count() != g.Decoding {
			t.Fatalf("%d requests decode, the grid has %d", minima.Count(), g.Decoding)
		}
		for k, permille := range g.Percentile {
			if want := Nearest.sortedQuantile(Fraction{permille, 1000}, minima.Sorted()); float64(*g.FluidUS[m][k]) != want {
				t.Errorf("%d permille, percentile %d: %d us, want %v", miss, permille, *g.FluidUS[m][k], want)
			}
		}
	}
}

// TestGridMerges: the parts are the whole, whatever their order and number.
func TestGridMerges(t *testing.T) {
	records := leavers(90)
	whole := gridJSON(t, analyze(t, Config{Report: true}, records...))
	before := runtime.GOMAXPROCS(3)
	defer runtime.GOMAXPROCS(before)
	a := writeFile(t, "a.parquet", schema.Meta{}, records[:40]...)
	b := writeFile(t, "b.parquet", schema.Meta{}, records[40:]...)
	parts, err := Analyze(context.Background(), []string{b, a}, Config{Report: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := gridJSON(t, parts); got != whole {
		t.Errorf("got %s, want %s", got, whole)
	}
}

func gridJSON(t *testing.T, r *Result) string {
	t.Helper()
	b, err := json.Marshal(r.grid)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestGridOfNothing: no request, no answer, and no panic.
func TestGridOfNothing(t *testing.T) {
	failed := record(1, 0, 1)
	failed.Outcome, failed.ChunkTime, failed.ChunkKind, failed.ChunkTokens, failed.ChunkRead = schema.OutcomeTimeout, nil, nil, nil, nil
	g := analyze(t, Config{Report: true}, failed).grid
	if g.Answered != 0 || g.Failed != 1 || len(g.MissRate[0][0]) != 0 || g.FluidUS[0][0] != nil {
		t.Errorf("%+v", g)
	}
	if r := analyze(t, Config{Report: true, Fluidity: ArithmeticEtalon}, leavers(20)...); r.grid != nil {
		t.Error("Etalon's floats have a grid")
	}
}
