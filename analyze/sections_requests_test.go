package analyze

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"metron/schema"
)

func TestArrivals(t *testing.T) {
	var ticks, bursts []schema.Record
	for i := range int64(120) {
		ticks = append(ticks, record(uint64(i), i*500_000, 1, 50_000))
		bursts = append(bursts, record(uint64(i), i/10*5_000_000, 1, 50_000))
	}
	got := sectionOf[*Arrivals](t, "arrivals", ticks...)
	near(t, "rate", got.PerS, 2)
	if *got.CV != 0 || *got.Dispersion[1].Index != 0 || got.Dispersion[0].WindowS != 0.1 || got.Dispersion[3].Index != nil {
		t.Errorf("ticks: %+v", got)
	}
	// Ten at once every 5 s: 108 gaps of 0 and 11 of 5 s; in windows of 1 s 10, 0, 0, 0, 0.
	got = sectionOf[*Arrivals](t, "arrivals", bursts...)
	mean := 55.0 / 119
	variance := (108*mean*mean + 11*(5-mean)*(5-mean)) / 118
	if math.Abs(*got.CV-math.Sqrt(variance)/mean) > 1e-9 {
		t.Errorf("CV %v, want %v", *got.CV, math.Sqrt(variance)/mean)
	}
	if windows := got.Dispersion[1]; windows.Windows != 55 || math.Abs(*windows.Index-(10-2)*55.0/54) > 1e-9 {
		t.Errorf("bursts in windows of 1 s: %d, %v", windows.Windows, *windows.Index)
	}
}

func TestSending(t *testing.T) {
	var records []schema.Record
	for i := range int64(100) {
		r := record(uint64(i), i*1_000_000, 1, 50_000)
		r.Dispatched, r.Wrote = new(i*10), new(i*10+100)
		if i%2 == 1 {
			r.Ready = new(int64(20_000)) // a turn: late from then on
			r.Dispatched, r.Wrote = new(20_000+i*10), new(20_000+i*10+100)
		}
		if i%10 == 3 {
			r.Outcome = schema.OutcomeTimeout // was sent nevertheless
		}
		records = append(records, r)
	}
	captured := record(500, 5, 1, 50_000)
	captured.Dispatched = nil
	got := sectionOf[*Sending](t, "sending", append(records, captured)...)
	near(t, "dispatch p50", got.DispatchLag.P50, 490e-6)
	near(t, "written max", got.SendLag.Max, 1090e-6)
	if got.DispatchLag.Count != 100 || got.SendLag.Count != 100 {
		t.Errorf("%+v", got)
	}
	if *got.DriftS < 980e-6 || *got.DriftS > 1000e-6 {
		t.Errorf("drift %v, want about 990 us", *got.DriftS)
	}
	undefined(t, "drift of few", sectionOf[*Sending](t, "sending", records[:10]...).DriftS)
}

func TestTTFTByInput(t *testing.T) {
	forOddTraffic(t, func(records []schema.Record) {
		want := map[int64][]int64{} // by the largest power of two that the length is not below
		for _, a := range answers(records) {
			if len(a.times) == 0 {
				continue
			}
			first := int64(math.MaxInt64)
			for _, times := range a.times {
				first = min(first, slices.Min(times))
			}
			from := int64(0)
			for n := int64(1); n <= *a.record.InputTokens; n *= 2 {
				from = n
			}
			want[from] = append(want[from], first)
		}
		got := sectionOf[*TTFTByInput](t, "ttft_by_input", records...)
		if len(got.Bins) != len(want) {
			t.Fatalf("%d bins, want %d", len(got.Bins), len(want))
		}
		for _, b := range got.Bins {
			sameSummary(t, b.TTFT, slowSummary(want[b.From], 1e6), 1e-9)
			if b.To != max(0, 2*b.From-1) {
				t.Errorf("bin of %d to %d", b.From, b.To)
			}
		}
		if !slices.IsSortedFunc(got.Bins, func(a, b InputBin) int { return cmp.Compare(a.From, b.From) }) {
			t.Error("bins are not in order")
		}
	})
}

func TestTTFTByCached(t *testing.T) {
	var records []schema.Record
	for i, cached := range []int64{0, 1, 25, 26, 50, 51, 75, 76, 100, 101, -1} {
		r := record(uint64(i), 0, 1, int64(10_000*(i+1)))
		r.CachedInputTokens = new(cached)
		records = append(records, r)
	}
	records = append(records, record(50, 0, 1, 10_000)) // does not say
	got := sectionOf[*TTFTByCached](t, "ttft_by_cached", records...)
	if got.Unknown != 3 || len(got.Bins) != 5 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []struct {
		above, upTo, mean float64
		count             int64
	}{{0, 0, 0.010, 1}, {0, 0.25, 0.025, 2}, {0.25, 0.5, 0.045, 2}, {0.5, 0.75, 0.065, 2}, {0.75, 1, 0.085, 2}} {
		b := got.Bins[i]
		if b.Above != want.above || b.UpTo != want.upTo || b.TTFT.Count != want.count {
			t.Errorf("bin %d: %+v", i, b)
		}
		near(t, "mean", b.TTFT.Mean, want.mean)
	}
}

// TestPrefixReuseOracle: a cache that holds everything, as a set, asked in the order of
// the sends.
func TestPrefixReuseOracle(t *testing.T) {
	forOddTraffic(t, func(records []schema.Record) {
		got := sectionOf[*PrefixReuse](t, "prefix_reuse", records...)
		records = slices.DeleteFunc(records, func(r schema.Record) bool { return r.Outcome == schema.OutcomeNotSent })
		without := int64(0)
		slices.SortFunc(records, func(a, b schema.Record) int {
			return cmp.Or(cmp.Compare(a.StartTime+*a.Dispatched, b.StartTime+*b.Dispatched), slices.Compare(a.RecordID[:], b.RecordID[:]))
		})
		cache, hits, blocks := map[int64]bool{}, int64(0), int64(0)
		for _, r := range records {
			if len(r.BlockHashes) == 0 {
				without++
			}
			there := true
			for _, hash := range r.BlockHashes {
				if there = there && cache[hash]; there {
					hits++
				}
				blocks++
			}
			for _, hash := range r.BlockHashes {
				cache[hash] = true
			}
		}
		if got.Blocks != blocks || got.Distinct != int64(len(cache)) || got.Without != without {
			t.Errorf("%+v, want %d blocks, %d distinct, %d without", got, blocks, len(cache), without)
		}
		if blocks > 0 {
			near(t, "hits", got.Curve[len(got.Curve)-1].Blocks, float64(hits)/float64(blocks))
		}
	})
}

// TestTailByHand: 101 requests, so that the slowest 1 % are two.
func TestTailByHand(t *testing.T) {
	var records []schema.Record
	for i := range uint64(99) {
		records = append(records, record(i, int64(i), 1, 50_000, 70_000, 90_000))
	}
	// The first token late, then 20 ms a token; and a stall of 500 ms among gaps of 20.
	late := record(200, 0, 1, 900_000, 920_000, 940_000)
	stalled := record(201, 0, 1, 60_000, 80_000, 580_000, 600_000, 620_000)
	both := slices.Concat(records, []schema.Record{late, stalled})
	got := sectionOf[*Tail](t, "tail", both...)
	if got.TTFT.Slowest != (PartSums{Requests: 2, TotalUS: 960_000, UnsplitUS: 960_000}) {
		t.Errorf("TTFT %+v", got.TTFT.Slowest)
	}
	if got.E2E.Slowest != (PartSums{Requests: 2, TotalUS: 940_000 + 620_000, UnsplitUS: 960_000, StallsUS: 480_000, DecodeUS: 40_000 + 80_000}) {
		t.Errorf("E2E %+v", got.E2E.Slowest)
	}
	near(t, "from", got.E2E.FromS, 0.62)
	if got.E2E.All.Requests != 101 || got.E2E.All.TotalUS != 99*90_000+1_560_000 {
		t.Errorf("all %+v", got.E2E.All)
	}
}

// The parts of any requests add up to their latencies exactly, with a model of the
// prefill and without.
func TestTailPartsAddUp(t *testing.T) {
	forOddTraffic(t, func(records []schema.Record) {
		c := Config{Sections: []string{"tail"}}.fill()
		s := newTailParts(&c).(*tailParts)
		var tokens tokenTimes
		for i := range records {
			r := request{row: rowOf(&records[i])}
			r.compute(&tokens, &scorer{arithmetic: c.Fluidity}, &c)
			if i%3 != 0 {
				r.prefill = just(int64(i) * 1_500)
			}
			s.add(&r)
		}
		var ttft, e2e []int64
		for _, a := range answers(records) {
			if len(a.times) == 0 {
				continue
			}
			first, last := int64(math.MaxInt64), int64(math.MinInt64)
			for _, times := range a.times {
				first, last = min(first, slices.Min(times)), max(last, slices.Max(times))
			}
			ttft, e2e = append(ttft, first), append(e2e, last)
		}
		got := s.result(nil).(*Tail)
		for name, one := range map[string]struct {
			pair      TailPair
			latencies []int64
		}{"TTFT": {got.TTFT, ttft}, "E2E": {got.E2E, e2e}} {
			slices.Sort(one.latencies)
			slices.Reverse(one.latencies)
			n := (len(one.latencies) + 99) / 100
			for _, sums := range []struct {
				got  PartSums
				want []int64
			}{{one.pair.All, one.latencies}, {one.pair.Slowest, one.latencies[:n]}} {
				total, p := int64(0), sums.got
				for _, us := range sums.want {
					total += us
				}
				if p.TotalUS != total || p.Requests != int64(len(sums.want)) {
					t.Errorf("%s: %+v, want %d us of %d", name, p, total, len(sums.want))
				}
				if parts := p.PrefillUS + p.QueueUS + p.UnsplitUS + p.DecodeUS + p.StallsUS; parts != total {
					t.Errorf("%s: parts add up to %d, want %d: %+v", name, parts, total, p)
				}
			}
		}
	})
}

func TestWasted(t *testing.T) {
	broken := record(1, 0, 1, 50_000, 60_000, 70_000)
	broken.Outcome = schema.OutcomeStreamError
	gone := record(2, 0, 1, 50_000)
	gone.Outcome, gone.InputTokens = schema.OutcomeClientAbort, nil
	refused := record(3, 0, 1)
	refused.Outcome, refused.Stream, refused.OutputTokens = schema.OutcomeHTTPError, false, nil
	refused.ChunkTime, refused.ChunkKind, refused.ChunkTokens, refused.ChunkRead = nil, nil, nil, nil
	notSent := refused
	notSent.Outcome = schema.OutcomeNotSent
	warmup := broken
	warmup.Phase = schema.PhaseWarmup
	got := sectionOf[*Wasted](t, "wasted", broken, gone, refused, notSent, warmup, record(9, 0, 1, 10_000, 20_000, 30_000, 40_000))
	if got.Waste != (Waste{Requests: 3, InputTokens: 200, OutputTokens: 4, InputUnknown: 1, OutputUnknown: 1}) ||
		got.ByOutcome["stream_error"] != (Waste{Requests: 1, InputTokens: 100, OutputTokens: 3}) || len(got.ByOutcome) != 3 {
		t.Errorf("%+v", got)
	}
	near(t, "share", got.Share, 0.5)
}
