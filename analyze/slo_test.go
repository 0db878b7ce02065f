package analyze

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"metron/schema"
)

func mustSLO(t testing.TB, text string) SLO {
	t.Helper()
	s, err := ParseSLO(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// judgeOne asks one SLO about one request.
func judgeOne(t testing.TB, slo string, r schema.Record) SLOResult {
	t.Helper()
	return analyze(t, Config{SLOs: []SLO{mustSLO(t, slo)}}, r).SLOs()[0]
}

// The status policy, case by case: what is good, what is a miss, and who is not asked.
func TestSLOStatusPolicy(t *testing.T) {
	with := func(outcome string, r schema.Record) schema.Record {
		r.Outcome = outcome
		return r
	}
	gone := func(at int64, r schema.Record) schema.Record {
		r.Outcome, r.ClientAbort, r.End = schema.OutcomeClientAbort, &at, nil
		return r
	}
	whole := record(1, 0, 1)
	whole.Stream, whole.End, whole.OutputTokens = false, new(int64(400_000)), new(int64(8))
	whole.ChunkTime, whole.ChunkKind, whole.ChunkTokens, whole.ChunkRead = nil, nil, nil, nil
	warmup := record(1, 0, 1, 50_000)
	warmup.Phase = schema.PhaseWarmup

	const good, miss = "good", "miss"
	for _, c := range []struct {
		name string
		slo  string
		r    schema.Record
		want string // good, miss, or why it is left out
	}{
		{"at the limit", "ttft<=50ms", record(1, 0, 1, 50_000), good},
		{"a microsecond more", "ttft<=50ms", record(1, 0, 1, 50_001), miss},
		{"all gaps", "tbt<=30ms", record(1, 0, 1, 50_000, 80_000, 110_000), good},
		{"one gap", "tbt<=30ms", record(1, 0, 1, 50_000, 80_000, 110_001), miss},
		{"own median", "tbt[p50]<=30ms", record(1, 0, 1, 50_000, 80_000, 110_000, 900_000), good},
		{"own p67", "tbt[p67]<=30ms", record(1, 0, 1, 50_000, 80_000, 110_000, 900_000), miss},
		{"two constraints", "ttft<=50ms,tbt<=30ms", record(1, 0, 1, 50_000, 90_000), miss},
		{"no gaps to be late", "tbt<=1us,tpot<=1us", record(1, 0, 1, 50_000), good},
		{"no tokens", "ttft<=1s", record(1, 0, 1), "no_tokens"},
		{"no tokens, nothing about them", "ttft.p99<=1s", record(1, 0, 1), good},
		{"came whole", "ttft<=1s", whole, "no_token_times"},
		{"came whole, in time", "e2e<=400ms,normalized_latency<=50ms", whole, good},
		{"came whole, gaps not measured", "tbt<=1s", whole, "no_token_times"},
		{"warm-up", "ttft<=1s", warmup, "not_measured"},
		{"an error is a miss", "ttft<=1s", with(schema.OutcomeHTTPError, record(1, 0, 1)), miss},
		{"however fast its tokens", "ttft<=1s", with(schema.OutcomeTruncated, record(1, 0, 1, 10_000, 20_000)), miss},
		{"never sent is a miss", "ttft<=1s", with(schema.OutcomeNotSent, record(1, 0, 1)), miss},
		{"unknown is a miss", "ttft<=1s", with(schema.OutcomeUnknown, record(1, 0, 1, 10_000)), miss},
		{"left in time", "ttft<=1s,tbt<=30ms", gone(70_000, record(1, 0, 1, 50_000, 60_000)), "left_in_time"},
		{"left before the first token was due", "ttft<=1s", gone(1_000_000, record(1, 0, 1)), "left_in_time"},
		{"left when it was overdue", "ttft<=1s", gone(1_000_001, record(1, 0, 1)), miss},
		{"left after a late first token", "ttft<=40ms", gone(70_000, record(1, 0, 1, 50_000)), miss},
		{"left right after a gap that was too long", "tbt[p50]<=30ms", gone(91_000, record(1, 0, 1, 50_000, 90_000)), miss},
		{"left right after a token", "tbt[p50]<=30ms", gone(51_000, record(1, 0, 1, 50_000)), "left_in_time"},
		{"left while a gap was too long", "tbt<=30ms", gone(120_000, record(1, 0, 1, 50_000, 60_000)), miss},
		{"left while the second token was overdue", "tbt<=30ms", gone(90_000, record(1, 0, 1, 50_000)), miss},
		{"left too late", "e2e<=100ms", gone(100_001, record(1, 0, 1, 50_000, 60_000)), miss},
		{"left with missed deadlines", "fluidity>=0.9", gone(400_000, record(1, 0, 1, 390_000)), miss},
		{"left without a token", "fluidity>=0.9", gone(400_000, record(1, 0, 1)), "left_in_time"},
		{"deadlines of its own", "fluidity>=1,ttft_deadline=50ms,tbt_deadline=30ms", record(1, 0, 1, 50_000, 80_000), good},
		{"which it misses", "fluidity>=1,ttft_deadline=50ms,tbt_deadline=29ms", record(1, 0, 1, 50_000, 80_000), miss},
		{"the worked example", "fluidity>=0.364,ttft_deadline=500ms,tbt_deadline=50ms", workedExample(), miss}, // 4/11 is less
		{"the worked example, in fractions", "fluidity>=0.363636363,ttft_deadline=500ms,tbt_deadline=50ms", workedExample(), good},
		{"a miss rate of nothing", "miss_rate<=0", record(1, 0, 1, 50_000, 80_000), good},
		{"in the schedule", "on_time>=1,continuity>=1", record(1, 0, 1, 50_000, 80_000), good},
		{"behind the schedule", "on_time>=1", record(1, 0, 1, 50_000, 180_000), miss},
		{"stalled", "continuity>=1", record(1, 0, 1, 50_000, 180_000), miss},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := judgeOne(t, c.slo, c.r)
			got := miss
			switch {
			case r.Good == 1 && r.Requests == 1:
				got = good
			case r.Requests == 0 && len(r.LeftOut) == 1:
				got = string(slices.Collect(maps.Keys(r.LeftOut))[0])
			case r.Requests != 1 || r.Good != 0:
				got = fmt.Sprintf("%+v", r)
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if pass := r.Pass; (c.want == good) != (pass != nil && *pass) || (pass == nil) != (r.Requests == 0) {
				t.Errorf("pass %v of %s", pass, c.want)
			}
		})
	}
}

// By hand: ten answered in 10 s, of which eight meet 100 ms; one error; one who left in time.
func TestSLOByHand(t *testing.T) {
	var records []schema.Record
	for i := range uint64(10) {
		first := int64(100_000)
		if i >= 8 {
			first = 200_000
		}
		records = append(records, record(i, int64(i)*1_000_000, 1, first, first+20_000))
	}
	failed := record(10, 9_500_000, 1)
	failed.Outcome, failed.End = schema.OutcomeHTTPError, new(int64(500_000))
	left := record(11, 5_000_000, 1)
	left.Outcome, left.ClientAbort, left.End = schema.OutcomeClientAbort, new(int64(10_000)), nil
	records = append(records, failed, left)
	got := analyze(t, Config{SLOs: []SLO{
		mustSLO(t, "ttft<=100ms,tbt<=20ms,ttft.p90<=200ms,attainment=0.7"),
		mustSLO(t, "ttft<=100ms"),
		mustSLO(t, "ttft<=200ms,ttft.p99<=150ms"),
	}}, records...).SLOs()
	first := got[0]
	if first.Requests != 11 || first.Good != 8 || *first.Attainment != 8.0/11 || *first.GoodRequestsPerS != 0.8 || *first.GoodTokensPerS != 1.6 {
		t.Errorf("%+v", first)
	}
	if first.LeftOut[leftInTime] != 1 || len(first.LeftOut) != 1 {
		t.Errorf("left out %v", first.LeftOut)
	}
	// The margins: attainment (8/11 - 0.7)/0.7, TTFT p90 200 of 200 ms.
	if !*first.Pass || *first.Margin != 0 || *first.Constraints[2].Value != 0.2 || *first.Constraints[0].Share != 8.0/11 || *first.Constraints[1].Share != 10.0/11 {
		t.Errorf("%+v", first)
	}
	if *got[1].Pass || math.Abs(*got[1].Margin-(8.0/11-0.9)/0.9) > 1e-12 { // the default target
		t.Errorf("%+v", got[1])
	}
	if *got[2].Pass || got[2].Good != 10 || math.Abs(*got[2].Margin+1.0/3) > 1e-12 {
		t.Errorf("%+v", got[2])
	}
	// At half the times nobody is good; at twice, all ten.
	for _, p := range first.Tightness {
		want := int64(0)
		switch {
		case p.Scale >= 2:
			want = 10
		case p.Scale >= 1:
			want = 8
		}
		if math.Round(*p.GoodRequestsPerS*10) != float64(want) {
			t.Errorf("at %v: %v", p.Scale, *p.GoodRequestsPerS)
		}
	}
}

// TestEtalonDeadlineProfile: the deadlines of the profile, not those of the analysis, and
// the 99th percentile of the miss rates.
func TestEtalonDeadlineProfile(t *testing.T) {
	c := Config{SLOs: []SLO{mustSLO(t, "etalon:deadline,ttft_deadline=300ms")}, TTFTDeadline: time.Microsecond, TBTDeadline: time.Microsecond}
	steady := record(1, 0, 1, 300_000, 330_000, 360_000)
	late := record(2, 0, 1, 300_000, 330_000, 390_000) // missed 2, met 2
	r := analyze(t, c, steady).SLOs()[0]
	if !*r.Pass || *r.Constraints[0].Value != 0 {
		t.Errorf("%+v", r)
	}
	if r = analyze(t, c, steady, late).SLOs()[0]; *r.Pass || *r.Constraints[0].Value != 0.5 || r.Good != 2 {
		t.Errorf("%+v", r)
	}
}

// slowMeets is a constraint of a request in rationals, from its sorted values.
func slowMeets(c Constraint, gaps []int64, scale *big.Rat, ttft, tbt int64) (bool, bool) {
	scaled := func(us int64) *big.Rat { return new(big.Rat).Mul(new(big.Rat).SetInt64(us), scale) }
	floor := func(us int64) int64 { s := scaled(us); return new(big.Int).Div(s.Num(), s.Denom()).Int64() }
	d := Deadlines{TTFT: floor(ttft), TBT: max(1, floor(tbt))}
	sum := int64(0)
	for _, g := range gaps {
		sum += g
	}
	limit := big.NewRat(c.Limit.Num, c.Limit.Den)
	var value *big.Rat
	switch c.Metric {
	case "ttft", "scheduled_ttft":
		value = big.NewRat(gaps[0], 1)
	case "e2e":
		value = big.NewRat(sum, 1)
	case "normalized_latency":
		value = big.NewRat(sum, int64(len(gaps)))
	case "tpot", "tbt":
		if len(gaps) == 1 {
			return true, true
		}
		value = big.NewRat(sum-gaps[0], int64(len(gaps)-1))
		if c.Metric == "tbt" {
			sorted := slices.Sorted(slices.Values(gaps[1:]))
			rank := len(sorted)
			if c.Scope == ScopeGaps {
				q := new(big.Rat).Mul(big.NewRat(c.Quantile.Num, c.Quantile.Den), big.NewRat(int64(len(sorted)), 1))
				rank = int(math.Ceil(mustFloat(q)))
			}
			value = big.NewRat(sorted[rank-1], 1)
		}
	case "fluidity", "miss_rate":
		s := Exact(gaps, d)
		value = big.NewRat(s.Met, s.Total())
		if c.Metric == "miss_rate" {
			value = big.NewRat(s.Missed, s.Total())
		}
	case "on_time":
		value = big.NewRat(OnTime(gaps, d), int64(len(gaps)))
	case "continuity":
		p := Play(gaps, d)
		value = big.NewRat(p.Reading, p.Reading+p.Stalled)
	}
	m := sloMetricOf(c.Metric)
	if !m.share {
		limit.Mul(limit, scale)
	}
	if m.atLeast {
		return value.Cmp(limit) >= 0, true
	}
	return value.Cmp(limit) <= 0, true
}

func mustFloat(r *big.Rat) float64 {
	f, _ := r.Float64()
	return f
}

// Every constraint, at every tightness, against rationals.
func TestSLOAgainstRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slo := drawSLO(t)
		slo.TTFTDeadline.Prefill = false
		if slo.TTFTDeadline.Time == 0 {
			slo.TTFTDeadline = FirstDeadline{}
		}
		c := Config{SLOs: []SLO{slo}}.fill()
		requests := rapid.SliceOfN(rapid.SliceOfN(rapid.Int64Range(1, 2_000_000), 1, 12), 1, 12).Draw(t, "requests")
		s := newSLOs(&c).(*slos)
		all := newTally(&c, -1)
		for _, gaps := range requests {
			r := requestOf(gaps)
			var tokens tokenTimes
			r.compute(&tokens, &scorer{}, &c)
			s.add(&r)
			all.addSpan(&r)
		}
		got := s.result(all).(SLOResults)[0]
		ttft, tbt := c.TTFTDeadline.Microseconds(), c.TBTDeadline.Microseconds()
		if slo.TTFTDeadline.Time > 0 {
			ttft = slo.TTFTDeadline.Time.Microseconds()
		}
		if slo.TBTDeadline > 0 {
			tbt = slo.TBTDeadline.Microseconds()
		}
		for k, p := range got.Tightness {
			scale := big.NewRat(int64(10*(k+1)), 100)
			good := 0
			for _, gaps := range requests {
				all := true
				for _, c := range slo.Constraints {
					if c.Scope != ScopePopulation {
						met, _ := slowMeets(c, gaps, scale, ttft, tbt)
						all = all && met
					}
				}
				if all {
					good++
				}
			}
			if want := float64(good) / float64(len(requests)); *p.Attainment != want {
				t.Fatalf("%s at %v: attainment %v, want %v", slo, p.Scale, *p.Attainment, want)
			}
		}
		if *got.Attainment != *got.Tightness[9].Attainment || got.Requests != int64(len(requests)) {
			t.Fatalf("%+v", got)
		}
	})
}

// requestOf is an answered request with these gaps.
func requestOf(gaps []int64) request {
	r := request{row: row{stream: true, outcome: schema.OutcomeOK, phase: schema.PhaseMeasure, api: schema.APIChat,
		dispatched: just(int64(0)), inputTokens: just(int64(100))}}
	at := int64(0)
	for _, g := range gaps {
		at += g
		r.chunkTime = append(r.chunkTime, at)
		r.chunkKind = append(r.chunkKind, schema.KindContent)
	}
	r.end = just(at)
	return r
}

// Clocks that run backwards, empty answers and groups without a row: no panic, and
// nothing that nobody measured.
func TestSLOOfOddRows(t *testing.T) {
	c := Config{SLOs: []SLO{mustSLO(t, "tbt<=50ms,ttft<=50ms,tpot<=50ms,on_time>=0.5,ttft.p99<=1s,tbt.p99<=1s,fluidity.p1>=0.5,tbt_deadline=1ms")}}.fill()
	judge := func(gaps ...[]int64) SLOResult {
		s, all := newSLOs(&c), newTally(&c, -1)
		for _, g := range gaps {
			r := requestOf(g)
			var tokens tokenTimes
			r.compute(&tokens, &scorer{}, &c)
			s.add(&r)
		}
		return s.result(all).(SLOResults)[0]
	}
	if r := judge([]int64{50_000, 40_000, -50_000, 40_000}, []int64{-100, -100}); r.Good != 2 {
		t.Errorf("backwards: %+v", r)
	}
	if r := judge([]int64{}); r.Requests != 0 || r.LeftOut[noTokens]+r.LeftOut[noTokenTimes] != 1 || r.Pass != nil {
		t.Errorf("no tokens: %+v", r)
	}
	if r := judge(); r.Pass != nil || r.Attainment != nil || len(r.lines(false)) == 0 {
		t.Errorf("no rows: %+v", r)
	}
}

// A prefill-dependent SLO without a model is refused before any file is opened.
func TestSLONeedsAPrefillModel(t *testing.T) {
	c := Config{SLOs: []SLO{mustSLO(t, "etalon:deadline")}}
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "no prefill model") {
		t.Error(err)
	}
	c.EstimatePrefill = true
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}
