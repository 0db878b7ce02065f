package analyze

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"metron/schema"
)

// spoken is one stream with everything that tools disagree on: sent 10 ms late, a role at
// 40, two tokens of reasoning at 100, content of 4 at 160 and of 1 at 240, the finish at
// 250, usage of 7 at 260, the end at 300 (ms after the schedule).
func spoken() schema.Record {
	r := record(1, 0, 1)
	r.Dispatched, r.Wrote, r.End = new(int64(10_000)), new(int64(10_050)), new(int64(300_000))
	r.OutputTokens, r.ReasoningTokens = new(int64(7)), new(int64(2))
	r.ChunkTime = []int64{40_000, 100_000, 160_000, 240_000, 250_000, 260_000, 261_000}
	r.ChunkKind = []int8{schema.KindRole, schema.KindReasoning, schema.KindContent, schema.KindContent, schema.KindFinish, schema.KindUsage, schema.KindDone}
	r.ChunkTokens = []int32{0, 2, 4, 1, 0, 0, 0}
	r.ChunkRead = []int32{0, 1, 2, 3, 4, 5, 5}
	return r
}

func dialectsOf(t *testing.T, records ...schema.Record) map[string]ToolResult {
	t.Helper()
	r := analyze(t, Config{Explain: true}, records...)
	out := map[string]ToolResult{}
	for _, s := range r.Sections {
		if d, ok := s.result.(*DialectsResult); ok {
			for _, tool := range d.Tools {
				out[tool.Name] = tool
			}
		}
	}
	return out
}

func ms(v float64) *float64 { return new(v / 1000) }

// Every number by hand, in ms: the definitions are METRICS.md's.
func TestDialectsByHand(t *testing.T) {
	got := dialectsOf(t, spoken())
	for _, want := range []struct {
		name            string
		ttft, tpot, e2e *float64
		itl             []float64 // the samples, ascending
		tokens          int64
	}{
		// Content at 150 and 230, the gaps of its tokens: 0 0 0 | 80.
		{"etalon", ms(150), ms(80.0 / 4), ms(230), []float64{0, 0, 0, 80}, 5},
		// Messages at 30, 90, 150, 230, 240.
		{"vllm", ms(30), ms(210.0 / 6), ms(240), []float64{10, 60, 60, 80}, 7},
		// 80 by 1; n is the usage.
		{"sglang", ms(150), ms(80.0 / 6), ms(230), []float64{80}, 7},
		{"aiperf", ms(90), nil, ms(230), []float64{140.0 / 6}, 7},
		{"guidellm", ms(90), ms(230.0 / 7), ms(290), []float64{140.0 / 6}, 7},
		// All tokens' gaps: 0 | 60 0 0 0 | 80.
		{"inference-perf", ms(150), ms(140.0 / 6), ms(230), []float64{0, 0, 0, 0, 60, 80}, 7},
		{"llmperf", ms(150), nil, ms(230), []float64{230.0 / 5}, 5},
		{"mlperf", ms(90), new(math.Floor(140e6/6) / 1e9), ms(230), nil, 7},
	} {
		r, ok := got[want.name]
		if !ok {
			t.Errorf("%s is missing", want.name)
			continue
		}
		same := func(what string, got *ToolMetric, want *float64) {
			switch {
			case got == nil && want == nil:
			case got == nil || want == nil:
				t.Errorf("%s %s: %v, want %v", r.Name, what, got, want)
			case math.Abs(*got.Mean-*want) > 1e-12:
				t.Errorf("%s %s: %v, want %v", r.Name, what, *got.Mean, *want)
			}
		}
		same("ttft", r.TTFT, want.ttft)
		same("tpot", r.TPOT, want.tpot)
		same("e2e", r.E2E, want.e2e)
		if *r.OutputTokens != want.tokens {
			t.Errorf("%s: %d tokens", r.Name, *r.OutputTokens)
		}
		if want.itl == nil {
			if r.ITL != nil {
				t.Errorf("%s itl: %+v, want none", r.Name, r.ITL)
			}
			continue
		}
		sum := 0.0
		for _, v := range want.itl {
			sum += v / 1000
		}
		at := func(rank int64) float64 { return want.itl[rank] / 1000 }
		if r.ITL.Count != int64(len(want.itl)) || math.Abs(*r.ITL.Mean-sum/float64(len(want.itl))) > 1e-12 ||
			math.Abs(*r.ITL.P90-numpyQuantile(0.9, int64(len(want.itl)), at)) > 1e-12 {
			t.Errorf("%s itl: %d samples, mean %v, p90 %v; want %v", r.Name, r.ITL.Count, *r.ITL.Mean, *r.ITL.P90, want.itl)
		}
	}
}

// SGLang shares the gap before a chunk out among its tokens.
func TestSGLangSharesGaps(t *testing.T) {
	itl := dialectsOf(t, record(1, 0, 4, 50_000, 110_000))["sglang"].ITL
	if itl.Count != 4 || *itl.P50 != 0.015 || *itl.Mean != 0.015 {
		t.Errorf("60 ms shared by 4: %d samples, p50 %v", itl.Count, *itl.P50)
	}
}

// Reasoning alone is no content to those that read delta.content.
func TestDialectsOfReasoningAlone(t *testing.T) {
	r := record(1, 0, 1, 50_000, 60_000)
	r.ChunkKind[0], r.ChunkKind[1] = schema.KindReasoning, schema.KindReasoning
	got := dialectsOf(t, r)
	if m := got["etalon"].TTFT; m == nil || *m.Mean != 0 {
		t.Errorf("etalon's TTFT: %+v", m)
	}
	for name, has := range map[string]bool{"sglang": false, "llmperf": false, "inference-perf": false, "aiperf": true, "guidellm": true} {
		if m := got[name].TTFT; (m != nil) != has {
			t.Errorf("%s: TTFT %+v", name, m)
		}
	}
}

// --explain of named tools is of those alone.
func TestExplainNamed(t *testing.T) {
	r := analyze(t, Config{Explain: true, Dialects: []string{"vllm"}}, spoken())
	d := r.section("dialects").(*DialectsResult)
	if len(d.Tools) != 1 || d.Tools[0].Name != "vllm" || !strings.Contains(strings.Join(d.lines(), " "), "the role alone") {
		t.Errorf("%+v", d.Tools)
	}
}

// One token, no token, and no counts: what each tool leaves out or calls 0.
func TestDialectsAtTheEdges(t *testing.T) {
	one := record(1, 0, 1, 50_000)
	got := dialectsOf(t, one)
	for _, name := range []string{"vllm", "sglang", "inference-perf", "mlperf"} {
		if got[name].TPOT != nil {
			t.Errorf("%s has a TPOT of one token: %v", name, *got[name].TPOT.Mean)
		}
	}
	if m := got["etalon"].TPOT; m == nil || *m.Mean != 0 {
		t.Errorf("etalon's TPOT of one token: %+v", m)
	}
	if m := got["inference-perf"].TTFT; m != nil {
		t.Errorf("inference-perf has a TTFT of one token: %v", *m.Mean)
	}
	if m := got["llmperf"].ITL; m == nil || *m.Mean != 0.05 {
		t.Errorf("llmperf's ITL of one token: %+v", m)
	}

	empty := record(2, 0, 1)
	got = dialectsOf(t, empty)
	if m := got["etalon"].TTFT; m == nil || *m.Mean != 0 {
		t.Errorf("etalon's TTFT of no token: %+v", m)
	}
	if got["sglang"].TTFT != nil || got["vllm"].E2E != nil {
		t.Error("no token has times")
	}

	uncounted := record(3, 0, 1, 50_000, 60_000, 70_000)
	uncounted.ChunkTokens, uncounted.OutputTokens = nil, nil
	got = dialectsOf(t, uncounted)
	for _, name := range []string{"etalon", "vllm", "llmperf", "mlperf", "aiperf"} {
		if got[name].OutputTokens != nil {
			t.Errorf("%s counts %d tokens that nobody counted", name, *got[name].OutputTokens)
		}
	}
	if *got["guidellm"].OutputTokens != 3 {
		t.Errorf("guidellm falls back to chunks: %d", *got["guidellm"].OutputTokens)
	}
}

// GuideLLM's requests weigh as many gaps as they have: its mean is that of the gaps.
func TestGuideLLMWeighs(t *testing.T) {
	var times []int64
	for i := range int64(100) {
		times = append(times, 10_000+10_000*i)
	}
	short, long := record(1, 0, 1, 10_000, 110_000), record(2, 0, 1, times...)
	itl := dialectsOf(t, short, long)["guidellm"].ITL
	if math.Abs(*itl.Mean-(0.1+0.99)/100) > 1e-12 || *itl.P50 != 0.01 || *itl.P95 != 0.01 || *itl.P99 != 0.01 {
		t.Errorf("mean %v, p50 %v, p95 %v, p99 %v", *itl.Mean, *itl.P50, *itl.P95, *itl.P99)
	}
}

func TestMLPerfPercentile(t *testing.T) {
	values := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	at := func(rank int64) float64 { return values[rank] }
	if got := mlperfPercentile(Fraction{9, 10}, 10, at); got != 10 {
		t.Errorf("sorted[int(10*0.9)] = %v", got)
	}
	if got := mlperfPercentile(Fraction{1, 1}, 10, at); got != 10 {
		t.Errorf("p100 = %v", got)
	}
}

// Where every message is one token and nothing else is sent, the tools that pool gaps
// agree with TBT, and parts merge into the whole.
func TestDialectsAgreeOnPlainStreams(t *testing.T) {
	records := traffic(60, 20, 5)
	got := dialectsOf(t, records...)
	tbt := analyze(t, Config{Percentile: Linear}, records...).Metrics.Get(keyTBT)
	for _, name := range []string{"etalon", "vllm", "sglang", "inference-perf"} {
		if m := got[name].ITL; m.Count != tbt.Count || *m.P99 != *tbt.P99 || *m.Mean != *tbt.Mean {
			t.Errorf("%s: %d gaps, p99 %v; TBT %d, %v", name, m.Count, *m.P99, tbt.Count, *tbt.P99)
		}
	}
	shuffled := slices.Clone(records)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for name, r := range dialectsOf(t, shuffled...) {
		a, _ := json.Marshal(got[name])
		b, _ := json.Marshal(r)
		if string(a) != string(b) {
			t.Errorf("%s depends on the order of the rows:\n%s\n%s", name, a, b)
		}
	}
}

func TestUnknownDialect(t *testing.T) {
	err := Config{Dialects: []string{"vlm"}}.Check()
	if err == nil || !strings.Contains(err.Error(), `"vllm"`) {
		t.Errorf("got %v", err)
	}
}
