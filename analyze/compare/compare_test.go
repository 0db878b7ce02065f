package compare

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"metron/analyze"
	"metron/analyze/stat"
	"metron/internal/term"
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
// most of 20 comparisons, by where its values lie, and one tail in twenty by its own
// interval.
func TestNoiseIsNotShown(t *testing.T) {
	wrong, tails, wrongTails := 0, 0, 0
	for seed := range uint64(20) {
		a, b := traffic(t, "a.parquet", 120, 1, 100+seed, nil), traffic(t, "b.parquet", 120, 1, 200+seed, nil)
		for _, m := range compare(t, Config{}, a, b).Against[0].Metrics {
			if m.Test == "" {
				continue // of all tokens: ten intervals at 95 % of their own
			}
			moved := m.Each != nil && m.Each.Verdict != Unknown
			for _, d := range m.Deltas {
				if isTested(d.Stat) {
					moved = moved || d.Verdict != Unknown
					continue
				}
				if tails++; d.Verdict != Unknown {
					wrongTails++
				}
			}
			if moved {
				wrong++
			}
		}
	}
	if wrong > 4 { // of 160 metrics
		t.Errorf("%d metrics of equal servers are called different", wrong)
	}
	if wrongTails > tails/10 {
		t.Errorf("%d of %d tails of equal servers are called different", wrongTails, tails)
	}
}

// One request in twelve stalls, all others are as they were: no test of where the values
// lie sees that, and the tail's own interval does.
func TestTailsStandAlone(t *testing.T) {
	a, b := traffic(t, "a.parquet", 600, 1, 1, nil), traffic(t, "b.parquet", 600, 1, 2, func(i int, r *schema.Record) {
		if i%12 != 0 {
			return
		}
		for j := range r.ChunkTime {
			r.ChunkTime[j] += 5_000_000
		}
		r.End = new(*r.End + 5_000_000)
	})
	one := &compare(t, Config{Pairing: None}, a, b).Against[0]
	if p := *one.Metrics[0].PAdjusted; p < significance {
		t.Fatalf("p is %v: the test sees what it was not to see", p)
	}
	if d := deltaOf(t, one, "ttft", "p95"); d.Verdict != Worse {
		t.Errorf("p95 went from %v to %v, and is %s", *d.A, *d.B, d.Verdict)
	}
	if d := deltaOf(t, one, "ttft", "p50"); d.Verdict != Unknown {
		t.Errorf("p50 went from %v to %v, and is %s", *d.A, *d.B, d.Verdict)
	}
}

// Both runs are held to the deadlines that the base's own prefill gives: a run whose every
// prompt takes two seconds more misses them, whatever model it would have made itself.
func TestOnePrefillModel(t *testing.T) {
	idle := func(more int64) func(i int, r *schema.Record) {
		return func(i int, r *schema.Record) {
			r.StartTime += int64(i) * 10_000_000
			r.InputTokens = new(int64(100 + i%10*400))
			shift := 20_000 + 100**r.InputTokens + more - r.ChunkTime[0]
			for j := range r.ChunkTime {
				r.ChunkTime[j] += shift
			}
			r.End = new(*r.End + shift)
		}
	}
	a, b := traffic(t, "a.parquet", 60, 1, 1, idle(0)), traffic(t, "b.parquet", 60, 1, 2, idle(2_000_000))
	out := compare(t, Config{Analyze: analyze.Config{EstimatePrefill: true}}, a, b)
	for _, r := range out.Against[0].Rates {
		if r.Name == "deadline_miss_rate" && (*r.A > 0 || *r.B < 0.5) {
			t.Errorf("missed %v in the base, %v in the run", *r.A, *r.B)
		}
	}
}

// Errors of the warm-up and of what was trimmed say nothing about the run.
func TestErrorsOfWhatIsMeasured(t *testing.T) {
	path := traffic(t, "a.parquet", 100, 1, 1, func(i int, r *schema.Record) {
		if i < 30 || i == 50 {
			r.Outcome = schema.OutcomeHTTPError
		}
		if i < 10 {
			r.Phase = schema.PhaseWarmup
		}
	})
	c := Config{Analyze: analyze.Config{Trim: analyze.Trim{HeadRows: 30}}}
	for _, r := range compare(t, c, path, path).Against[0].Rates {
		if r.Name == "error_rate" && *r.A != 1.0/70 {
			t.Errorf("error rate %v, want 1 of 70", *r.A)
		}
	}
}

// --percentile is of every metric.
func TestPercentileOfEveryMetric(t *testing.T) {
	path := traffic(t, "a.parquet", 30, 1, 1, nil)
	for _, m := range analyze.Methods() {
		c := Config{Analyze: analyze.Config{Percentile: m}}
		r, err := analyze.Analyze(context.Background(), []string{path}, c.Analyze)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := *deltaOf(t, &compare(t, c, path, path).Against[0], "ttft", "p90").A, *r.Metrics.Get("ttft_s").P90; got != want {
			t.Errorf("%s: p90 of TTFT %v, analyze says %v", m, got, want)
		}
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
		sa, sb := summary(x, analyze.Nearest), summary(y, analyze.Nearest)
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
	again := []request{{id: id(21), source: id(14)}, {id: id(22), source: id(12)}} // b, replayed
	if got := pairs(b, again); len(got) != 2 || got[0] != (pair{3, 0}) || got[1] != (pair{1, 1}) {
		t.Errorf("with the replay of it: %v", got)
	}
	if got := pairs(again, b); len(got) != 2 || got[0] != (pair{1, 1}) || got[1] != (pair{0, 3}) {
		t.Errorf("the replay of it first: %v", got)
	}
	// In one run the first pass had no answer: the second is no other's first.
	first, second := []request{{source: id(1), pass: 0}, {source: id(1), pass: 1}}, []request{{source: id(1), pass: 1}}
	if got := pairs(first, second); len(got) != 1 || got[0] != (pair{1, 0}) {
		t.Errorf("of two passes: %v", got)
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
	if len(c.Failed()) == 0 || c.Gates[0].Passed || c.Gates[0].Reason == "" || c.Gates[1].Passed || !*c.Gates[1].Shown {
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
		if got := len(c.Failed()) == 0; got != test.passes {
			t.Errorf("%s: passes %v: %s", test.gate, got, c.Gates[0])
		}
	}
}

// Of a base of 0: no change passes, and any is more than every share.
func TestGatesOfZero(t *testing.T) {
	fails := func(every int) func(int, *schema.Record) {
		return func(i int, r *schema.Record) {
			if every > 0 && i%every == 0 {
				r.Outcome = schema.OutcomeHTTPError
			}
		}
	}
	none, some := traffic(t, "a.parquet", 50, 1, 1, fails(0)), traffic(t, "b.parquet", 50, 1, 2, fails(10))
	for _, test := range []struct {
		run, gate string
		passes    bool
	}{
		{none, "error_rate>+1%", true}, {none, "error_rate<-1%", true}, {none, "error_rate>-1%", false}, {none, "error_rate<+1%", false},
		{some, "error_rate>+1%", false}, {some, "error_rate>+1000%", false}, {some, "error_rate<-1%", true}, {some, "error_rate<+1000%", true},
		{some, "error_rate>+0.2", true}, {some, "error_rate>+0.05", false},
	} {
		gates, err := ParseGates(test.gate)
		if err != nil {
			t.Fatal(err)
		}
		c := compare(t, Config{Gates: gates}, none, test.run)
		if c.Gates[0].Passed != test.passes {
			t.Errorf("%s in %s: %s", test.gate, filepath.Base(test.run), c.Gates[0])
		}
		if err := c.WriteJSON(&bytes.Buffer{}); err != nil {
			t.Error(err)
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

// TestTextFitsTheScreen: a narrow terminal gets fewer columns and is told which, and
// colours change no word.
func TestTextFitsTheScreen(t *testing.T) {
	gates, err := ParseGates("ttft.p99>+5%")
	if err != nil {
		t.Fatal(err)
	}
	c := compare(t, Config{Gates: gates}, traffic(t, "a.parquet", 40, 1, 1, nil), traffic(t, "b.parquet", 40, 1.2, 2, nil))
	c.Base.Name, c.Against[0].Name = "a.parquet", "b.parquet"
	plain, painted := c.text(term.Screen{Width: textWidth}), c.text(term.Screen{Width: textWidth, Paint: true})
	if !strings.Contains(painted, "\x1b[31mworse\x1b[0m") || regexp.MustCompile("\x1b\\[[0-9]+m").ReplaceAllString(painted, "") != plain {
		t.Errorf("painted:\n%s", painted)
	}
	narrow := c.text(term.Screen{Width: 60})
	if !strings.Contains(narrow, "95 % CI: a wider terminal shows them)") {
		t.Errorf("narrow:\n%s", narrow)
	}
	for line := range strings.SplitSeq(narrow, "\n") {
		if n := len([]rune(line)); n > 60 && !strings.Contains(line, "->") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
