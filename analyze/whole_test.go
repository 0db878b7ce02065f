package analyze

import (
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"metron/schema"
)

// asJSON is a result without the names of its files.
func asJSON(t testing.TB, r *Result) string {
	t.Helper()
	copied := *r
	copied.Files = nil
	b, err := json.Marshal(&copied)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Two files give what one file with both gives, in any order, and so does any
// number of workers.
func TestPartsAreTheWhole(t *testing.T) {
	records := traffic(120, 15, 1)
	for _, c := range []Config{{Plots: true}, {Plots: true, MultiToken: Spread, Fluidity: ArithmeticDocs, Percentile: Linear},
		{Fluidity: ArithmeticEtalon}, {Sections: SectionNames(), Prefill: somePrefill(), SLOs: []SLO{
			mustSLO(t, "ttft<=80ms,tbt[p90]<=30ms,e2e<=1s,fluidity>=0.9"), mustSLO(t, "etalon:deadline/25ms"), mustSLO(t, "mlperf:llama3.1-8b/server,continuity.p5>=0.9")}}} {
		whole := asJSON(t, analyze(t, c, records...))
		for _, workers := range []int{1, 3} {
			before := runtime.GOMAXPROCS(workers)
			got := asJSON(t, analyze(t, c, records...))
			runtime.GOMAXPROCS(before)
			if got != whole {
				t.Errorf("%d workers:\n%s\nwant\n%s", workers, got, whole)
			}
		}
		if c.Fluidity == ArithmeticEtalon {
			continue // whose sums depend on the order of the files
		}
		for _, cut := range []int{0, 1, 60, 119} {
			a := writeFile(t, "a.parquet", schema.Meta{}, records[:cut]...)
			b := writeFile(t, "b.parquet", schema.Meta{}, records[cut:]...)
			parts, err := Analyze(context.Background(), []string{b, a}, c)
			if err != nil {
				t.Fatal(err)
			}
			if got := asJSON(t, parts); got != whole {
				t.Errorf("cut at %d:\n%s\nwant\n%s", cut, got, whole)
			}
		}
	}
}

// A slow and obvious reading of the same rows agrees with the whole path through
// Parquet, batches and workers.
func TestAgainstRowsReadOneByOne(t *testing.T) {
	for seed := range uint64(12) {
		records := traffic(int(1+seed*3), int(1+seed*2), seed)
		var ttft, tbt, min []int64
		var score Score
		for _, r := range records {
			if r.Outcome != schema.OutcomeOK || r.Phase != schema.PhaseMeasure || !r.Stream {
				continue
			}
			var gaps []int64
			last := int64(0)
			for j, at := range r.ChunkTime {
				if r.ChunkKind[j] == schema.KindContent {
					gaps = append(gaps, at-last)
					last = at
				}
			}
			if len(gaps) == 0 {
				continue
			}
			ttft, tbt = append(ttft, gaps[0]), append(tbt, gaps[1:]...)
			score = score.Add(Exact(gaps, Deadlines{TTFT: 100_000, TBT: 50_000}))
			if d, ok := exactMinimum([][]int64{gaps}, Deadlines{TTFT: 100_000}, Fraction{1, 10}); ok {
				min = append(min, d)
			}
		}
		got := analyze(t, Config{}, records...)
		sameSummary(t, got.Metrics.Get("ttft_s").Summary, slowSummary(ttft, 1e6), 1e-9)
		sameSummary(t, got.Metrics.Get("tbt_s").Summary, slowSummary(tbt, 1e6), 0)
		if m := got.Metrics.Get("min_tbt_deadline_s"); m.Count-*m.Unattainable != int64(len(min)) {
			t.Fatalf("%d minimum deadlines, %d unattainable, want %d attainable", m.Count, *m.Unattainable, len(min))
		}
		if got.Fluidity.ServiceMissed != score.Missed || got.Fluidity.ServiceTotal != score.Total() {
			t.Fatalf("service level %d of %d, want %+v", got.Fluidity.ServiceMissed, got.Fluidity.ServiceTotal, score)
		}
	}
}

func TestAnalyzeStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	path := writeFile(t, "run.parquet", schema.Meta{}, traffic(10, 5, 1)...)
	if _, err := Analyze(ctx, []string{path}, Config{}); err == nil {
		t.Error("a cancelled analysis gave a result")
	}
}

func TestConfigCheck(t *testing.T) {
	for name, c := range map[string]Config{
		"TTFT deadline":       {TTFTDeadline: -time.Second},
		"TBT deadline":        {TBTDeadline: 1500 * time.Nanosecond},
		"target miss rate":    {TargetMissRate: Fraction{11, 10}},
		"fluidity arithmetic": {Fluidity: "float"},
		"multi-token policy":  {MultiToken: "even"},
		"percentile method":   {Percentile: "p2"},
	} {
		if _, err := Analyze(context.Background(), []string{"there is no such file"}, c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Etalon's mean TPOT is numpy's sum over the requests in the order of the files.
func TestEtalonSumsInFileOrder(t *testing.T) {
	before := runtime.GOMAXPROCS(4)
	defer runtime.GOMAXPROCS(before)
	matters := false // whether another order would give another last bit
	for seed := range uint64(12) {
		var tpot []float64
		c := Config{Fluidity: ArithmeticEtalon, PerRequest: func(r *RequestRow) error {
			if r.Outcome == schema.OutcomeOK && r.Phase == schema.PhaseMeasure && r.TPOTS != nil {
				tpot = append(tpot, *r.TPOTS)
			}
			return nil
		}}
		records := traffic(200, 9, seed)
		got, err := Analyze(context.Background(), []string{writeFile(t, "a.parquet", schema.Meta{}, records[:90]...),
			writeFile(t, "b.parquet", schema.Meta{}, records[90:]...)}, c)
		if err != nil {
			t.Fatal(err)
		}
		rate := got.Fluidity.TPOTRate
		if *rate != 1/numpyMean(tpot) {
			t.Errorf("seed %d: %v, want %v", seed, *rate, 1/numpyMean(tpot))
		}
		slices.Sort(tpot)
		matters = matters || *rate != 1/numpyMean(tpot)
	}
	if !matters {
		t.Error("the order never matters: the test says nothing")
	}
}

// TestOtherAPIs: a health check that passed a capture is no request to a model.
func TestOtherAPIs(t *testing.T) {
	check := record(1, 5_000, 1)
	check.API, check.Stream, check.OutputTokens, check.InputTokens = schema.APIOther, false, nil, nil
	check.ChunkTime, check.ChunkKind, check.ChunkTokens, check.ChunkRead = nil, nil, nil, nil
	check.End = new(int64(900_000_000))
	mine := record(2, 6_000, 1, 50_000, 70_000) // somebody's own API, with token times
	mine.API = schema.APIOther
	r := analyze(t, Config{}, record(0, 0, 1, 50_000, 80_000), check, mine)
	if r.Requests.Total != 2 || r.Requests.OK != 2 || r.Requests.OtherAPI != 1 {
		t.Errorf("requests %+v", r.Requests)
	}
	_, err := Analyze(t.Context(), []string{writeFile(t, "checks.parquet", schema.Meta{}, check)}, Config{})
	if err == nil || !strings.Contains(err.Error(), "1 row, and none asked a model") {
		t.Errorf("only a health check: %v", err)
	}
	if e2e := r.Metrics.Get("e2e_latency_s"); e2e.Count != 2 || *e2e.Max != 0.08 || *r.DurationS != 0.08 {
		t.Errorf("e2e %+v, duration %v", e2e.Summary, *r.DurationS)
	}
}
