package analyze

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"metron/schema"
)

// near fails unless a number is defined and within rounding of want.
func near(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil {
		t.Errorf("%s is undefined, want %v", what, want)
	} else if math.Abs(*got-want) > 1e-12*math.Abs(want) {
		t.Errorf("%s: %v, want %v", what, *got, want)
	}
}

func undefined(t *testing.T, what string, got *float64) {
	t.Helper()
	if got != nil {
		t.Errorf("%s is %v, want undefined", what, *got)
	}
}

// The worked example of METRICS.md, sent 2 ms late, as the only request: every
// metric by hand. Tokens at 450, 490, 530, 910, 960, 1020 ms after the send.
func workedExample() schema.Record {
	r := record(1, 0, 1, 452_000, 492_000, 532_000, 912_000, 962_000, 1_022_000)
	r.Dispatched, r.Wrote = new(int64(2_000)), new(int64(2_500))
	return r
}

// TestTurnsAreDueWhenReady: a turn that waited for the one before it is late from
// the moment it could leave; one that could have left before its time, from that.
func TestTurnsAreDueWhenReady(t *testing.T) {
	for _, c := range []struct {
		ready              int64
		scheduledTTFT, lag float64
	}{{1_500, 0.4505, 0.001}, {-7_000, 0.452, 0.0025}} {
		row := workedExample()
		row.Ready = &c.ready
		r := analyze(t, Config{PerRequest: func(r *RequestRow) error {
			near(t, "scheduled TTFT of the row", r.ScheduledTTFTS, c.scheduledTTFT)
			near(t, "send lag of the row", r.SendLagS, c.lag)
			return nil
		}}, row)
		near(t, "scheduled TTFT", r.Metrics.Get("scheduled_ttft_s").Mean, c.scheduledTTFT)
		near(t, "send lag", r.Metrics.Get("send_lag_s").Mean, c.lag)
		near(t, "TTFT", r.Metrics.Get("ttft_s").Mean, 0.450)
	}
}

func TestOneRequestByHand(t *testing.T) {
	c := Config{TTFTDeadline: 500 * time.Millisecond, TBTDeadline: 50 * time.Millisecond}
	r := analyze(t, c, workedExample())
	for key, want := range map[string]float64{
		"ttft_s": 0.450, "scheduled_ttft_s": 0.452, "tpot_s": 0.570 / 5, "normalized_latency_s": 1.020 / 6, "e2e_latency_s": 1.020,
		"output_throughput_tokens_per_s": 6 / 1.020, "send_lag_s": 0.0025, "input_tokens": 100, "output_tokens": 6,
		"fluidity_index": 4.0 / 11, "deadline_miss_rate": 7.0 / 11, "absolute_attainment": 3.0 / 6, "playback_continuity": 300.0 / 570,
		"min_tbt_deadline_s": 0.136667,
	} {
		m := r.Metrics.Get(key)
		if m.Count != 1 {
			t.Errorf("%s counts %d", key, m.Count)
		}
		near(t, key, m.Mean, want)
		near(t, key+" p99.9", m.P999, want)
		undefined(t, key+" stddev of one", m.Stddev)
	}
	tbt := r.Metrics.Get("tbt_s")
	near(t, "TBT mean", tbt.Mean, 0.570/5)
	near(t, "TBT p50", tbt.P50, 0.050)
	near(t, "TBT p99", tbt.P99, 0.380)
	if tbt.Count != 5 {
		t.Errorf("TBT counts %d", tbt.Count)
	}
	// Sent at 2 ms, ended at 1022 ms.
	near(t, "duration", r.DurationS, 1.020)
	near(t, "requests/s", r.Throughput.RequestsPerS, 1/1.020)
	near(t, "output tokens/s", r.Throughput.OutputTokensPerS, 6/1.020)
	near(t, "total tokens/s", r.Throughput.TotalTokensPerS, 106/1.020)
	f := r.Fluidity
	if f.ServiceMissed != 7 || f.ServiceTotal != 11 {
		t.Errorf("service level %d of %d", f.ServiceMissed, f.ServiceTotal)
	}
	near(t, "service miss rate", f.ServiceMissRate, 7.0/11)
	near(t, "1/mean TPOT", f.TPOTRate, 5/0.570)
	near(t, "1/P99 TBT", f.TBTP99Rate, 1/0.380)
	// Token 1 left out: gaps 40 40 380 50 60 miss nothing from ceil(460/3) ms on.
	near(t, "fluid token rate", f.FluidTokenRate, 1/0.153334)
	near(t, "longest stall", r.Playback.LongestStallS, 0.260)
	near(t, "start delay", r.Playback.StartDelayS, 0.320)
}

func TestArithmeticsOfTheWorkedExample(t *testing.T) {
	for a, want := range map[Arithmetic]float64{ArithmeticExact: 4.0 / 11, ArithmeticEtalon: 1 - 7.0/11, ArithmeticDocs: 4.0 / 6} {
		r := analyze(t, Config{TTFTDeadline: 500 * time.Millisecond, Fluidity: a}, workedExample())
		near(t, string(a), r.Metrics.Get("fluidity_index").Mean, want)
	}
	// 1e10 s is Etalon's answer and nobody else's.
	late := record(1, 0, 1, 200_000, 210_000)
	for _, a := range Arithmetics() {
		r := analyze(t, Config{Fluidity: a}, late)
		m := r.Metrics.Get(keyMinDeadline)
		if a == ArithmeticEtalon {
			near(t, "etalon, unattainable", m.Max, 1e10)
			continue
		}
		undefined(t, string(a)+", unattainable: mean", m.Mean)
		undefined(t, string(a)+", unattainable: p50", m.P50)
		if m.Count != 1 || *m.Unattainable != 1 {
			t.Errorf("%s: count %d, unattainable %d", a, m.Count, *m.Unattainable)
		}
	}
}

func TestMultiTokenPolicyMakesTheNumber(t *testing.T) {
	var times []int64
	for i := range int64(50) {
		times = append(times, 100_000+80_000*i)
	}
	r := record(1, 0, 4, times...)
	for policy, want := range map[Policy]float64{Burst: 0.080, Spread: 0.020, Chunk: 0.080} {
		got := analyze(t, Config{MultiToken: policy}, r)
		near(t, string(policy)+" p99", got.Metrics.Get("tbt_s").P99, want)
		near(t, string(policy)+" output tokens", got.Metrics.Get("output_tokens").Mean, 200)
		near(t, string(policy)+" TPOT", got.Metrics.Get("tpot_s").Mean, 49*0.080/199)
	}
}

func TestTokenCounts(t *testing.T) {
	unknown := record(1, 0, 1, 100_000, 200_000, 300_000)
	unknown.ChunkTokens = nil
	for name, c := range map[string]struct {
		change func(*schema.Record)
		n      float64
	}{
		"reported":                       {func(r *schema.Record) { r.OutputTokens = new(int64(12)) }, 12},
		"not reported: chunks":           {func(r *schema.Record) { r.OutputTokens = nil }, 3},
		"hidden reasoning is not output": {func(r *schema.Record) { r.OutputTokens, r.ReasoningTokens = new(int64(12)), new(int64(5)) }, 7},
		"streamed reasoning is": {func(r *schema.Record) {
			r.OutputTokens, r.ReasoningTokens = new(int64(12)), new(int64(5))
			r.ChunkKind = slices.Clone(r.ChunkKind)
			r.ChunkKind[0] = schema.KindReasoning
		}, 12},
	} {
		r := unknown
		c.change(&r)
		got := analyze(t, Config{}, r)
		near(t, name+": output tokens", got.Metrics.Get("output_tokens").Mean, c.n)
		near(t, name+": TPOT", got.Metrics.Get("tpot_s").Mean, 0.2/(c.n-1))
		near(t, name+": normalized latency", got.Metrics.Get("normalized_latency_s").Mean, 0.3/c.n)
		if n := got.Metrics.Get("tbt_s").Count; n != 2 {
			t.Errorf("%s: %d gaps, want one between two chunks", name, n)
		}
		if got.Tokens.RowsChunksUnknown != 1 || !warned(got, "chunk_tokens_unknown") {
			t.Errorf("%s: %+v", name, got.Tokens)
		}
	}
	known := record(1, 0, 2, 100_000, 200_000)
	known.OutputTokens = new(int64(9))
	if got := analyze(t, Config{}, known); got.Tokens.RowsDifferReported != 1 || !warned(got, "tokens_differ") {
		t.Errorf("4 tokens in chunks, 9 reported: %+v", got.Tokens)
	}
}

// A reported count of 0 with text nevertheless leaves ratios undefined, not infinite.
func TestNoTokensReported(t *testing.T) {
	r := record(1, 0, 1, 100_000, 200_000)
	r.ChunkTokens, r.OutputTokens = nil, new(int64(0))
	got := analyze(t, Config{}, r)
	for _, key := range []string{"normalized_latency_s", "output_throughput_tokens_per_s", "tpot_s"} {
		if m := got.Metrics.Get(key); m.Count != 0 {
			t.Errorf("%s counts %d, mean %v", key, m.Count, m.Mean)
		}
	}
	near(t, "TTFT", got.Metrics.Get("ttft_s").Mean, 0.1)
}

func warned(r *Result, code string) bool {
	return slices.ContainsFunc(r.Warnings, func(w Warning) bool { return w.Code == code })
}

func TestWholeAnswers(t *testing.T) {
	r := record(1, 0, 1)
	r.Stream = false
	r.ChunkTime, r.ChunkKind, r.ChunkTokens, r.ChunkRead = nil, nil, nil, nil
	r.Dispatched, r.End, r.OutputTokens = new(int64(1_000)), new(int64(501_000)), new(int64(50))
	got := analyze(t, Config{}, r)
	near(t, "E2E", got.Metrics.Get("e2e_latency_s").Mean, 0.5)
	near(t, "normalized latency", got.Metrics.Get("normalized_latency_s").Mean, 0.01)
	near(t, "throughput", got.Metrics.Get("output_throughput_tokens_per_s").Mean, 100)
	for _, key := range []string{"ttft_s", "scheduled_ttft_s", "tbt_s", "tpot_s", "fluidity_index", "min_tbt_deadline_s"} {
		m := got.Metrics.Get(key)
		undefined(t, key, m.P50)
		if m.Count != 0 || m.LeftOut[noTokenTimes] != 1 {
			t.Errorf("%s counts %d, left out %v", key, m.Count, m.LeftOut)
		}
	}
}

// What is undefined for 0 and for 1 token is absent, not 0.
func TestFewTokens(t *testing.T) {
	none, one := record(1, 0, 1), record(2, 0, 1, 80_000)
	none.End = new(int64(90_000))
	got := analyze(t, Config{}, none, one)
	for key, want := range map[string]struct {
		count int64
		why   map[reason]int64
	}{
		"ttft_s":               {1, map[reason]int64{noTokens: 1}},
		"tbt_s":                {0, map[reason]int64{noTokens: 1, oneToken: 1}},
		"tpot_s":               {0, map[reason]int64{noTokens: 1, oneToken: 1}},
		"normalized_latency_s": {1, map[reason]int64{noTokens: 1}},
		"e2e_latency_s":        {1, map[reason]int64{noTokens: 1}},
		"output_tokens":        {2, map[reason]int64{}},
		"fluidity_index":       {1, map[reason]int64{noTokens: 1}},
		"min_tbt_deadline_s":   {1, map[reason]int64{noTokens: 1}},
	} {
		m := got.Metrics.Get(key)
		if m.Count != want.count || len(m.LeftOut) != len(want.why) {
			t.Errorf("%s: count %d, left out %v, want %d and %v", key, m.Count, m.LeftOut, want.count, want.why)
		}
		for why, n := range want.why {
			if m.LeftOut[why] != n {
				t.Errorf("%s: left out %v, want %v", key, m.LeftOut, want.why)
			}
		}
	}
	near(t, "normalized latency of one token", got.Metrics.Get("normalized_latency_s").Mean, 0.08)
	near(t, "throughput of one token", got.Metrics.Get("output_throughput_tokens_per_s").Mean, 1/0.08)
	undefined(t, "fluid token rate", got.Fluidity.FluidTokenRate)
	undefined(t, "1/mean TPOT", got.Fluidity.TPOTRate)
	undefined(t, "1/P99 TBT", got.Fluidity.TBTP99Rate)
}

func TestStatusPolicy(t *testing.T) {
	records := []schema.Record{record(0, 0, 1, 50_000, 60_000), record(1, 1_000_000, 1, 50_000, 60_000)}
	for i, outcome := range schema.Outcomes()[1:] {
		r := record(uint64(10+i), int64(i)*1_000, 1, 900_000, 950_000)
		r.Outcome = outcome
		if outcome == schema.OutcomeNotSent {
			r.StartTime += 60_000_000
		}
		records = append(records, r)
	}
	warmup := record(20, -5_000_000, 1, 700_000, 800_000)
	warmup.Phase = schema.PhaseWarmup
	got := analyze(t, Config{}, append(records, warmup)...)
	if m := got.Metrics.Get("ttft_s"); m.Count != 2 || *m.Max != 0.05 || m.LeftOut[notOK] != 8 || m.LeftOut[notMeasured] != 1 {
		t.Errorf("TTFT counts %d, left out %v", m.Count, m.LeftOut)
	}
	if got.Requests.Total != 11 || got.Requests.OK != 3 || got.Requests.NotMeasured != 1 {
		t.Errorf("%+v", got.Requests)
	}
	for _, outcome := range schema.Outcomes()[1:] {
		if got.Requests.Outcomes[outcome] != 1 {
			t.Errorf("%s counts %d", outcome, got.Requests.Outcomes[outcome])
		}
	}
	// First send at 0; the last end is that of the second ok request at 1.06 s, and
	// the request that was never sent does not count.
	near(t, "duration", got.DurationS, 1.06)
	near(t, "requests/s", got.Throughput.RequestsPerS, 2/1.06)
}

func TestChoicesOfOneRequest(t *testing.T) {
	r := record(1, 0, 1, 100_000, 110_000, 140_000, 170_000)
	r.ChoiceCount = 2
	r.ChunkChoice = []int16{0, 1, 0, 1, 0}
	got := analyze(t, Config{TBTDeadline: 45 * time.Millisecond}, r)
	near(t, "TTFT", got.Metrics.Get("ttft_s").Mean, 0.1)
	near(t, "E2E", got.Metrics.Get("e2e_latency_s").Mean, 0.17)
	near(t, "TBT mean", got.Metrics.Get("tbt_s").Mean, 0.05) // 40 and 60 ms
	near(t, "TPOT", got.Metrics.Get("tpot_s").Mean, 0.05)
	// Choice 0 meets both; token 1 of choice 1 is 10 ms late, its second 60 ms after.
	near(t, "fluidity-index", got.Metrics.Get("fluidity_index").Mean, 2.0/4)
}

func TestFilesWithoutAnswers(t *testing.T) {
	empty := writeFile(t, "empty.parquet", schema.Meta{})
	if _, err := Analyze(context.Background(), []string{empty}, Config{}); err == nil || !strings.Contains(err.Error(), "no rows") {
		t.Errorf("0 rows: %v", err)
	}
	failed := record(1, 0, 1)
	failed.Outcome, failed.OutputTokens = schema.OutcomeTransportError, nil
	got := analyze(t, Config{}, failed)
	if !warned(got, "no_ok_requests") {
		t.Errorf("no ok row: warnings %v", got.Warnings)
	}
	for _, m := range got.Metrics {
		for i, v := range numbers(m.Summary) {
			if v != nil || m.Count != 0 {
				t.Errorf("%s: count %d, number %d %v", m.key, m.Count, i, v)
			}
		}
	}
	undefined(t, "service miss rate", got.Fluidity.ServiceMissRate)
	var text bytes.Buffer
	if err := got.WriteText(&text); err != nil || !strings.Contains(text.String(), "1 transport_error") {
		t.Errorf("%v\n%s", err, &text)
	}
}

// A trace without times, as imported from a list of lengths.
func TestTraceWithoutTimes(t *testing.T) {
	r := record(1, 0, 1)
	r.ChunkTime, r.ChunkKind, r.ChunkTokens, r.ChunkRead = nil, nil, nil, nil
	r.End, r.Dispatched, r.Wrote, r.TokenSource = nil, nil, nil, schema.TokenSourceTrace
	r.OutputTokens = new(int64(77))
	got := analyze(t, Config{}, r)
	near(t, "output tokens", got.Metrics.Get("output_tokens").Mean, 77)
	undefined(t, "duration", got.DurationS)
	undefined(t, "requests/s", got.Throughput.RequestsPerS)
	undefined(t, "send lag", got.Metrics.Get("send_lag_s").Mean)
	if !warned(got, "no_token_times") || !warned(got, "end_unknown") {
		t.Errorf("warnings %v", got.Warnings)
	}
}

// Etalon's values of a request are 0 where ours are absent, and it believes an output
// count that its own gaps contradict; elsewhere the formulas are the same.
func TestVectorsRequestMetrics(t *testing.T) {
	checked := 0
	for i, v := range readVectors(t).RequestMetrics {
		if int64(len(v.Gaps)) != v.Output {
			continue
		}
		checked++
		var times []int64
		at := int64(0)
		for _, n := range v.Gaps {
			at += nanoseconds(t, n) / 1000
			times = append(times, at)
		}
		r := record(uint64(i), 0, 1, times...)
		r.InputTokens = &v.Prompt
		got := analyze(t, Config{}, r)
		if total := got.Tokens.Input + got.Tokens.Output; total != v.Etalon.Total {
			t.Errorf("case %d: %d tokens, want %d", i, total, v.Etalon.Total)
		}
		for _, m := range []struct {
			key     string
			want    float64
			defined bool
		}{
			{"ttft_s", v.Etalon.TTFT, len(times) > 0},
			{"e2e_latency_s", v.Etalon.E2E, len(times) > 0},
			{"normalized_latency_s", v.Etalon.Normalized, len(times) > 0},
			{"tpot_s", v.Etalon.TPOT, len(times) > 1},
			{"output_throughput_tokens_per_s", v.Etalon.Throughput, at > 0},
		} {
			if m.defined {
				near(t, m.key, got.Metrics.Get(m.key).Mean, m.want)
				continue
			}
			undefined(t, m.key, got.Metrics.Get(m.key).Mean)
			if m.want != 0 {
				t.Errorf("case %d: Etalon's %s of nothing is %v", i, m.key, m.want)
			}
		}
	}
	if checked == 0 {
		t.Error("no case could be checked")
	}
}

// The metrics that differ only where there is reasoning, or more than a token a chunk.
func TestLesserMetricsByHand(t *testing.T) {
	r := analyze(t, Config{}, spoken())
	near(t, "TTFT", r.Metrics.Get(keyTTFT).Mean, 0.09)
	near(t, "TTFVT", r.Metrics.Get(keyTTFVT).Mean, 0.15)
	near(t, "dispatch lag", r.Metrics.Get(keyDispatchLag).Mean, 0.01)
	near(t, "decode rate", r.Metrics.Get(keyDecodeRate).Mean, 6/0.14)
	icl := r.Metrics.Get(keyICL)
	near(t, "ICL min", icl.Min, 0.06)
	near(t, "ICL max", icl.Max, 0.08)
	if icl.Count != 2 {
		t.Errorf("%d gaps between three chunks", icl.Count)
	}
	silent := spoken()
	for i, kind := range silent.ChunkKind {
		if kind == schema.KindContent {
			silent.ChunkKind[i] = schema.KindReasoning
		}
	}
	if m := analyze(t, Config{}, silent).Metrics.Get(keyTTFVT); m.Count != 0 || m.LeftOut[noVisible] != 1 {
		t.Errorf("reasoning alone has a TTFVT: %+v", m)
	}
}
