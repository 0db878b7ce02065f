package compare

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"metron/analyze/stat"
	"metron/schema"
)

// traffic writes a run of n requests. Request i replays source i, starts with a TTFT of
// its own that is the same in every run but for noise, and is slower by the factor.
func traffic(t testing.TB, name string, n int, factor float64, seed uint64, change func(i int, r *schema.Record)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageReplay, Verdict: &schema.Verdict{Status: schema.VerdictValid}})
	if err != nil {
		t.Fatal(err)
	}
	own, noise := rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(seed, 2))
	for i := range n {
		r := schema.Record{
			StartTime: 1767323045_000_000 + int64(i)*40_000, Phase: schema.PhaseMeasure, API: schema.APIChat, Method: "POST",
			Path: "/v1/chat/completions", RequestModel: "m", Stream: true, ChoiceCount: 1, TokenSource: schema.TokenSourceUsage,
			Outcome: schema.OutcomeOK, Recorded: schema.RecordedLengths, Dispatched: new(int64(0)), Wrote: new(int64(20)),
		}
		binary.BigEndian.PutUint64(r.RecordID[:8], seed+1)
		binary.BigEndian.PutUint64(r.RecordID[8:], uint64(i)+1)
		binary.BigEndian.PutUint64(r.SourceRecordID[8:], uint64(i)+1)
		at := int64(50_000 * math.Exp(own.NormFloat64()) * factor * math.Exp(0.05*noise.NormFloat64()))
		for range 10 {
			r.ChunkTime, r.ChunkKind, r.ChunkTokens, r.ChunkRead = append(r.ChunkTime, at), append(r.ChunkKind, schema.KindContent),
				append(r.ChunkTokens, 1), append(r.ChunkRead, int32(len(r.ChunkRead)))
			at += int64(20_000 * factor * math.Exp(0.1*noise.NormFloat64()))
		}
		r.End = new(at)
		if change != nil {
			change(i, &r)
		}
		if err := w.Put(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func compare(t testing.TB, c Config, base string, runs ...string) *Comparison {
	t.Helper()
	out, err := Compare(context.Background(), base, runs, c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func deltaOf(t testing.TB, a *Against, name, stat string) *Delta {
	t.Helper()
	for i := range a.Metrics {
		for j := range a.Metrics[i].Deltas {
			if a.Metrics[i].Name == name && a.Metrics[i].Deltas[j].Stat == stat {
				return &a.Metrics[i].Deltas[j]
			}
		}
	}
	t.Fatalf("no %s.%s", name, stat)
	return nil
}

// A run 6 % slower is called worse where its requests are compared with themselves;
// among strangers whose own times differ by a factor of e that drowns.
func TestPairsSeeWhatPopulationsCannot(t *testing.T) {
	a, b := traffic(t, "a.parquet", 300, 1, 1, nil), traffic(t, "b.parquet", 300, 1.06, 2, nil)
	paired := compare(t, Config{Worst: 3}, a, b)
	one := &paired.Against[0]
	if !one.Paired || one.Pairs != 300 || one.OnlyA != 0 || one.OnlyB != 0 {
		t.Fatalf("paired %v, %d pairs", one.Paired, one.Pairs)
	}
	if d := deltaOf(t, one, "ttft", "mean"); d.Verdict != Worse || math.Abs(*d.Share-0.06) > 0.02 {
		t.Errorf("paired ttft.mean: %+v (%.3f)", d, *d.Share)
	}
	ttft := one.Metrics[0]
	if e := ttft.Each; e.Verdict != Worse || math.Abs(e.Share-0.06) > 0.03 || *e.Interval.High-*e.Interval.Low > 0.04 {
		t.Errorf("each: %+v", e)
	}
	if *ttft.PAdjusted > 1e-6 || *ttft.Larger < 0.7 {
		t.Errorf("p %v, larger %v", *ttft.PAdjusted, *ttft.Larger)
	}
	if d := deltaOf(t, one, "output_throughput", "p50"); d.Verdict != Worse {
		t.Errorf("output throughput fell by %v: %s", *d.Share, d.Verdict)
	}
	if d := deltaOf(t, one, "tbt", "p50"); d.Verdict != Worse || d.Method != "mover" {
		t.Errorf("tbt.p50: %+v", d)
	}
	if len(one.Worst) != 3 || *one.Worst[0].E2EB-*one.Worst[0].E2EA < *one.Worst[2].E2EB-*one.Worst[2].E2EA {
		t.Errorf("worst: %+v", one.Worst)
	}
	strangers := compare(t, Config{Pairing: None}, a, b)
	if d := deltaOf(t, &strangers.Against[0], "ttft", "mean"); strangers.Against[0].Paired || d.Verdict != Unknown {
		t.Errorf("as populations ttft.mean is %s in %v", d.Verdict, d.Interval)
	}
}

// Runs that differ by noise alone are rarely called different: none of the metrics, in
// most of 20 comparisons.
func TestNoiseIsNotShown(t *testing.T) {
	wrong := 0
	for seed := range uint64(20) {
		a, b := traffic(t, "a.parquet", 120, 1, 100+seed, nil), traffic(t, "b.parquet", 120, 1, 200+seed, nil)
		for _, m := range compare(t, Config{}, a, b).Against[0].Metrics {
			if m.Test == "" {
				continue // of all tokens: ten intervals at 95 % of their own
			}
			for _, d := range m.Deltas {
				if d.Verdict != Unknown {
					wrong++
					break
				}
			}
		}
	}
	if wrong > 4 { // of 160 metrics
		t.Errorf("%d metrics of equal servers are called different", wrong)
	}
}

// The two ways to an interval agree where both can be taken.
func TestMoverAgreesWithBootstrap(t *testing.T) {
	for _, paired := range []bool{true, false} {
		var x, y []float64
		random := rand.New(rand.NewPCG(3, 4))
		for range 5000 {
			common := math.Exp(random.NormFloat64())
			x, y = append(x, common*(1+0.1*random.Float64())), append(y, common*(1.05+0.1*random.Float64()))
		}
		if !paired {
			random.Shuffle(len(y), func(i, j int) { y[i], y[j] = y[j], y[i] })
		}
		sa, sb := summary(x), summary(y)
		s := stat.Bootstrap{A: x, B: y, Paired: paired, Resamples: 400, Seed: 1, Quantiles: []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999}}
		drawn := bootstrapped(&sa, &sb, s.Intervals())
		analytic := deltas(&sa, &sb, func(s statistic) float64 {
			if !paired {
				return 0
			}
			return correlation(s, x, y, s.of(&sa), s.of(&sb))
		})
		for i := range drawn[:5] {
			width := func(d Delta) float64 { return *d.Interval.High - *d.Interval.Low }
			if ratio := width(analytic[i]) / width(drawn[i]); ratio < 0.7 || ratio > 1.45 {
				t.Errorf("paired %v, %s: %.4f wide, drawn %.4f", paired, drawn[i].Stat, width(analytic[i]), width(drawn[i]))
			}
		}
	}
}

func TestPairs(t *testing.T) {
	id := func(n byte) uuid.UUID { return uuid.UUID{15: n} }
	a := []request{{id: id(1)}, {id: id(2)}, {id: id(3)}}                                                                              // a capture
	b := []request{{id: id(11), source: id(2)}, {id: id(12), source: id(1)}, {id: id(13), source: id(1)}, {id: id(14), source: id(9)}} // its replay, in a loop
	got := pairs(a, b)
	if len(got) != 2 || got[0] != (pair{1, 0}) || got[1] != (pair{0, 1}) {
		t.Errorf("got %v", got)
	}
	if got := pairs(b, b); len(got) != 4 {
		t.Errorf("a run pairs with itself %d times of 4", len(got))
	}
}

func TestRunsWithoutNumbers(t *testing.T) {
	base := traffic(t, "a.parquet", 50, 1, 1, nil)
	dead := traffic(t, "b.parquet", 50, 1, 2, func(i int, r *schema.Record) {
		r.Outcome, r.ChunkTime, r.ChunkKind, r.ChunkTokens, r.ChunkRead = schema.OutcomeTransportError, nil, nil, nil, nil
	})
	single := traffic(t, "c.parquet", 1, 1, 3, nil)
	gates, err := ParseGates("ttft.p99>+5%,error_rate>+0.1")
	if err != nil {
		t.Fatal(err)
	}
	c := compare(t, Config{Gates: gates}, base, dead, single)
	if !c.Failed() || c.Gates[0].Passed || c.Gates[0].Reason == "" || c.Gates[1].Passed || !*c.Gates[1].Shown {
		t.Errorf("gates: %+v", c.Gates)
	}
	for _, d := range c.Against[0].Metrics[0].Deltas {
		if d.B != nil || d.Delta != nil || d.Verdict != Unknown {
			t.Errorf("a run without answers has %+v", d)
		}
	}
	var text, asJSON bytes.Buffer
	if err := c.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteJSON(&asJSON); err != nil || !json.Valid(asJSON.Bytes()) {
		t.Errorf("JSON: %v", err)
	}
	if _, err := Compare(context.Background(), base, []string{dead}, Config{Pairing: BySource}); err == nil {
		t.Error("runs without pairs were paired")
	}
}

// A comparison of three runs corrects for the tests of both.
func TestHolmCountsEveryRun(t *testing.T) {
	a := traffic(t, "a.parquet", 40, 1, 1, nil)
	one := compare(t, Config{}, a, traffic(t, "b.parquet", 40, 1.2, 2, nil))
	two := compare(t, Config{}, a, traffic(t, "b.parquet", 40, 1.2, 2, nil), traffic(t, "c.parquet", 40, 1.2, 3, nil))
	if two.Tests != 2*one.Tests || one.Tests < 5 {
		t.Errorf("%d and %d tests", one.Tests, two.Tests)
	}
}

func TestGates(t *testing.T) {
	a, b := traffic(t, "a.parquet", 200, 1, 1, nil), traffic(t, "b.parquet", 200, 1.2, 2, nil)
	for _, test := range []struct {
		gate   string
		passes bool
	}{
		{"ttft.p50>+5%", false}, {"ttft.p50>+50%", true}, {"ttft.p50>1ms", false}, {"ttft.p50>+10s", true},
		{"output_throughput.p50<-2%", false}, {"output_throughput.p50<-50%", true},
		{"tbt.p99>+5%", false}, {"error_rate>0", true}, {"request_throughput<-30%", true}, {"fluid_token_rate<-2%", false},
		{"e2e.p99.9 > 2%", false}, {"ttft.mean<-5%", true}, {"e2e.each>+10%", false}, {"e2e.each>+30%", true},
	} {
		gates, err := ParseGates(test.gate)
		if err != nil {
			t.Fatal(err)
		}
		c := compare(t, Config{Gates: gates}, a, b)
		if got := !c.Failed(); got != test.passes {
			t.Errorf("%s: passes %v: %s", test.gate, got, c.Gates[0])
		}
	}
}

func TestGatesThatAreNone(t *testing.T) {
	for _, text := range []string{"", "ttft", "ttft.p99", "ttft.p98>1%", "tttf.p99>1%", "ttft>5%", "ttft.p99>5", "error_rate>5ms",
		"request_throughput.p50<1%", "ttft.p99>=5%", "ttft.p99>5%,", "ttft.p99>x%", "tbt.each>5%", "ttft.each>5ms"} {
		if g, err := ParseGates(text); err == nil {
			t.Errorf("%q is %+v", text, g)
		}
	}
}

func FuzzParseGates(f *testing.F) {
	f.Add("ttft.p99>+5%,request_throughput<-2%")
	f.Fuzz(func(t *testing.T, text string) {
		gates, err := ParseGates(text)
		if err != nil {
			return
		}
		for _, g := range gates {
			again, err := ParseGates(g.String())
			if err != nil || len(again) != 1 || again[0] != g {
				t.Fatalf("%q reads as %+v, again as %+v (%v)", text, g, again, err)
			}
		}
	})
}
