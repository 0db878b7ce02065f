package analyze

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"metron/analyze/prefill"
	"metron/internal/llmsim"
	"metron/schema"
)

// somePrefill is 10 ms and 100 us a token, of prompts of 50 to 500 tokens.
func somePrefill() *prefill.Model {
	return &prefill.Model{Curve: &prefill.Quadratic{ConstantUS: 10_000, PerTokenUS: 100}, MinTokens: 50, MaxTokens: 500}
}

// Each prompt has its own deadline: 10 ms + 0.1 ms a token + 5 ms.
func TestDeadlinesDependOnThePrompt(t *testing.T) {
	prompt := func(r schema.Record, tokens, cached *int64) schema.Record {
		r.InputTokens, r.CachedInputTokens = tokens, cached
		return r
	}
	at := func(id uint64, first int64) schema.Record { return record(id, 0, 1, first, first+40_000) }
	c := Config{Prefill: somePrefill(), PrefillSlack: 5 * time.Millisecond, TBTDeadline: 40 * time.Millisecond,
		SLOs: []SLO{mustSLO(t, "fluidity>=1"), mustSLO(t, "fluidity>=1,ttft_deadline=prefill+4ms"), mustSLO(t, "fluidity>=1,ttft_deadline=35ms")}}
	var rows []RequestRow
	c.PerRequest = func(r *RequestRow) error { rows = append(rows, *r); return nil }
	r := analyze(t, c,
		prompt(at(0, 35_000), new(int64(200)), nil),             // in time: 35 ms
		prompt(at(1, 35_001), new(int64(200)), nil),             // late
		prompt(at(2, 25_000), new(int64(200)), new(int64(100))), // 100 new tokens, in time
		prompt(at(3, 120_000), new(int64(1_000)), nil),          // 115 ms, a guess, late
		prompt(at(4, 10_000), nil, nil),                         // nobody knows
	)
	f := r.Metrics.Get("fluidity_index")
	if f.Count != 4 || f.LeftOut[noTokenCount] != 1 || *f.Mean != (1+0.5+1+0.5)/4 {
		t.Errorf("fluidity-index %+v", f)
	}
	for i, want := range []float64{0.035, 0.035, 0.025, 0.115} {
		if rows[i].TTFTDeadlineS == nil || *rows[i].TTFTDeadlineS != want {
			t.Errorf("row %d: TTFT deadline %v, want %v", i, rows[i].TTFTDeadlineS, want)
		}
	}
	if rows[4].TTFTDeadlineS != nil || rows[4].FluidityIndex != nil || rows[4].TTFTS == nil {
		t.Errorf("a prompt of unknown length: %+v", rows[4])
	}
	for i, want := range []struct{ good, of int64 }{{2, 4}, {0, 4}, {3, 5}} {
		if s := r.SLOs()[i]; s.Good != want.good || s.Requests != want.of {
			t.Errorf("%s: %d of %d good, want %d of %d", s.SLO, s.Good, s.Requests, want.good, want.of)
		}
	}
	codes := map[string]string{}
	for _, w := range r.Warnings {
		codes[w.Code] = w.Message
	}
	if !strings.Contains(codes["prefill_extrapolated"], "1 request ") || !strings.Contains(codes["prompt_unknown"], "1 request ") {
		t.Errorf("warnings %v", codes)
	}
	if r.Fluidity.TTFTDeadlineS != nil || *r.Settings.PrefillSlackS != 0.005 || r.Playback.AbsoluteAttainment == nil || *r.Playback.AbsoluteAttainment != 0.5 {
		t.Errorf("%+v %+v", r.Fluidity, r.Playback)
	}
}

// Only who was alone at its send tells about a prefill.
func TestAlone(t *testing.T) {
	at := func(from, to, us int64) presence { return presence{from, to, prefill.Point{Tokens: from, US: us}} }
	got := alone([]presence{at(0, 100, 5), at(50, 60, 5), at(100, 110, 5), at(105, 300, 0), at(299, 301, 5), at(320, 340, 11), at(330, 335, 2), at(400, 401, 5), at(400, 402, 5), at(500, 501, 0), at(600, 700, 7)})
	var tokens []int64
	for _, p := range got {
		tokens = append(tokens, p.Tokens)
	}
	if len(tokens) != 3 || tokens[0] != 0 || tokens[1] != 100 || tokens[2] != 600 {
		t.Errorf("alone: %v", tokens)
	}
}

// simulated runs the simulator's own model of a server in virtual time: n prompts of
// 20 to 8,000 tokens, one about every gap, as a trace.
func simulated(t *testing.T, profile string, n int, gap float64) ([]schema.Record, llmsim.Cost) {
	t.Helper()
	config, err := llmsim.Profile(profile)
	if err != nil {
		t.Fatal(err)
	}
	config.Engine.MaxQueue = n
	engine, err := llmsim.NewEngine(config.Engine)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	var records []schema.Record
	place := map[*llmsim.Sequence]int{}
	var waiting []*llmsim.Sequence
	at := 0.0
	for i := range n {
		tokens := int(20 * math.Exp(rnd.Float64()*6))
		r := record(uint64(i), int64(at), 1)
		r.InputTokens, r.End = new(int64(tokens)), nil
		records = append(records, r)
		s := &llmsim.Sequence{ArrivalUS: int64(at), PromptTokens: tokens, OutputTokens: 1 + rnd.IntN(30)}
		place[s] = i
		waiting = append(waiting, s)
		at += gap * rnd.ExpFloat64()
	}
	if err := engine.Submit(waiting...); err != nil {
		t.Fatal(err)
	}
	for free := int64(0); ; {
		now, ok := engine.NextUS(free)
		if !ok {
			break
		}
		step := engine.Step(now)
		free = now + step.DurationUS
		for _, e := range step.Emissions {
			r := &records[place[e.Sequence]]
			due := r.StartTime - startUS
			r.ChunkTime = append(r.ChunkTime, free-due)
			r.ChunkKind = append(r.ChunkKind, schema.KindContent)
			r.ChunkTokens = append(r.ChunkTokens, 1)
			r.ChunkRead = append(r.ChunkRead, int32(len(r.ChunkRead)))
			r.End = new(free - due)
		}
	}
	for i := range records {
		r := &records[i]
		r.ChunkTime, r.ChunkKind = r.ChunkTime[1:], r.ChunkKind[1:] // the end mark of an empty record
		r.ChunkTokens, r.ChunkRead = r.ChunkTokens[1:], r.ChunkRead[1:]
		r.OutputTokens = new(int64(len(r.ChunkTime)))
	}
	return records, config.Engine.Cost
}

// The simulator's costs are found again in a trace of it, busy for a third of the time.
func TestEstimateFindsTheSimulatorsCosts(t *testing.T) {
	for _, profile := range []string{"small-gpu", "large-gpu"} {
		records, cost := simulated(t, profile, 1500, 1_200_000)
		r := analyze(t, Config{EstimatePrefill: true}, records...)
		for _, tokens := range []int64{20, 100, 1000, 6000} {
			l := float64(tokens)
			want := cost.PrefillUS + cost.PrefillTokenUS*l + cost.PrefillSquareNS/1e3*l*l
			got, extrapolated := r.Prefill.US(tokens)
			if math.Abs(float64(got)-want) > 0.05*want || extrapolated {
				t.Errorf("%s: %d tokens take %d us (extrapolated: %v), want %v: %+v", profile, tokens, got, extrapolated, want, *r.Prefill.Curve)
			}
		}
		c := r.Prefill.Curve
		for _, v := range [][2]float64{{c.ConstantUS, cost.PrefillUS}, {c.PerTokenUS, cost.PrefillTokenUS}, {c.PerTokenSq, cost.PrefillSquareNS / 1e3}} {
			if math.Abs(v[0]-v[1]) > 0.05*v[1] {
				t.Errorf("%s: coefficient %v, want %v", profile, v[0], v[1])
			}
		}
	}
}

func TestEstimateNeedsAnIdleServer(t *testing.T) {
	var records []schema.Record
	for i := range uint64(30) { // one after another, each overtaken by the next
		records = append(records, record(i, int64(i)*1_000, 1, 50_000, 90_000))
	}
	path := writeFile(t, "busy.parquet", schema.Meta{}, records...)
	_, err := Analyze(t.Context(), []string{path}, Config{EstimatePrefill: true})
	if err == nil || !strings.Contains(err.Error(), "30 requests") || !strings.Contains(err.Error(), "0 met an idle server") {
		t.Error(err)
	}
}
