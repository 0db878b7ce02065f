package analyze

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"metron/schema"
)

// answer is one stream of one covered request, by the letter of the definitions: when
// its tokens came after the send.
type answer struct {
	record *schema.Record
	times  [][]int64 // of each choice
}

// answers reads ok, measured, streamed rows one by one.
func answers(records []schema.Record) []answer {
	var out []answer
	for i := range records {
		r := &records[i]
		if r.Outcome != schema.OutcomeOK || r.Phase != schema.PhaseMeasure || !r.Stream || len(r.ChunkTime) == 0 {
			continue
		}
		byChoice := map[int16][]int64{}
		var order []int16
		for j, at := range r.ChunkTime {
			if r.ChunkKind[j] > schema.KindRefusal || len(r.ChunkTokens) > 0 && r.ChunkTokens[j] == 0 {
				continue
			}
			choice := int16(0)
			if len(r.ChunkChoice) > 0 {
				choice = r.ChunkChoice[j]
			}
			if byChoice[choice] == nil {
				order = append(order, choice)
			}
			byChoice[choice] = append(byChoice[choice], at-*r.Dispatched)
		}
		a := answer{record: r}
		for _, choice := range order {
			a.times = append(a.times, byChoice[choice])
		}
		out = append(out, a)
	}
	return out
}

func gapsOf(times []int64) []int64 {
	var gaps []int64
	for i := 1; i < len(times); i++ {
		gaps = append(gaps, times[i]-times[i-1])
	}
	return gaps
}

// slowStalls is the definition: each gap against the median of all gaps of its stream.
func slowStalls(gaps []int64) (count, us, excess int64) {
	sorted := slices.Sorted(slices.Values(gaps))
	for _, g := range gaps {
		if median := sorted[(len(sorted)+1)/2-1]; g > 200_000 && g > 5*median {
			count++
			us += g
			excess += g - median
		}
	}
	return count, us, excess
}

func forOddTraffic(t *testing.T, f func([]schema.Record)) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		f(odd(rnd, 1+rnd.IntN(150)))
	}
}

func TestStallsOracle(t *testing.T) {
	seen := int64(0)
	forOddTraffic(t, func(records []schema.Record) {
		var want Stalls
		var us, excess, decode int64
		for _, a := range answers(records) {
			decodes, stalled := false, false
			for _, times := range a.times {
				gaps := gapsOf(times)
				n, u, e := slowStalls(gaps)
				want.Count, us, excess = want.Count+n, us+u, excess+e
				decodes, stalled = decodes || len(gaps) > 0, stalled || n > 0
				if len(gaps) > 0 {
					decode += times[len(times)-1] - times[0]
				}
			}
			if decodes {
				want.Requests++
			}
			if stalled {
				want.StalledRequests++
			}
		}
		got := sectionOf[*Stalls](t, "stalls", records...)
		if got.Requests != want.Requests || got.StalledRequests != want.StalledRequests || got.Count != want.Count ||
			got.StalledS != float64(us)/1e6 || got.ExcessS != float64(excess)/1e6 || got.PerRequest.Count != want.Requests {
			t.Errorf("%+v, want %+v, %d us, %d excess", got, want, us, excess)
		}
		if decode > 0 {
			near(t, "share", got.DecodeShare, float64(us)/float64(decode))
		}
		seen += want.Count
	})
	if seen == 0 {
		t.Error("no stall occurred: the test says nothing")
	}
}

func TestJitterOracle(t *testing.T) {
	// Gaps 10, 30, 20 ms: changes 20 and 10, mean 20, sample stddev 10.
	got := sectionOf[*Jitter](t, "jitter", record(1, 0, 1, 50_000, 60_000, 90_000, 110_000), record(2, 0, 1, 9_000, 9_500))
	near(t, "change", got.Change.Mean, 0.015)
	near(t, "stddev", got.Stddev.Mean, 0.010)
	near(t, "cv", got.CV.Mean, 0.5)
	if got.Change.Count != 1 || got.Stddev.Count != 1 || got.CV.Count != 1 {
		t.Errorf("one gap has no jitter: %+v", got)
	}
	forOddTraffic(t, func(records []schema.Record) {
		var stddevs []float64
		for _, a := range answers(records) {
			var gaps []int64
			for _, times := range a.times {
				gaps = append(gaps, gapsOf(times)...)
			}
			if s := slowSummary(gaps, 1e6); s.Stddev != nil {
				stddevs = append(stddevs, *s.Stddev)
			}
		}
		got := sectionOf[*Jitter](t, "jitter", records...)
		if got.Stddev.Count != int64(len(stddevs)) {
			t.Fatalf("%d values, want %d", got.Stddev.Count, len(stddevs))
		}
		if len(stddevs) > 0 && math.Abs(*got.Stddev.Max-slices.Max(stddevs)) > 1e-9*slices.Max(stddevs) {
			t.Errorf("largest %v, want %v", *got.Stddev.Max, slices.Max(stddevs))
		}
	})
}

// TestConcurrencyOracle counts at every moment at which somebody came or left, and
// holds the average to Little's law.
func TestConcurrencyOracle(t *testing.T) {
	forOddTraffic(t, func(records []schema.Record) {
		records = slices.DeleteFunc(records, func(r schema.Record) bool { return r.StartTime < startUS-1e9 || r.StartTime > startUS+1e9 })
		var starts, ends []int64
		leftOut := int64(0)
		for _, r := range records {
			if r.Phase != schema.PhaseMeasure || r.Outcome == schema.OutcomeNotSent {
				continue
			}
			end := r.End
			if end == nil && len(r.ChunkTime) > 0 {
				end = &r.ChunkTime[len(r.ChunkTime)-1]
			}
			if end == nil || *end < *r.Dispatched {
				leftOut++
				continue
			}
			starts, ends = append(starts, r.StartTime+*r.Dispatched), append(ends, r.StartTime+*end)
		}
		in := func(at int64) (n int64) {
			for i := range starts {
				if starts[i] <= at && at < ends[i] {
					n++
				}
			}
			return n
		}
		moments := slices.Concat(starts, ends)
		slices.Sort(moments)
		peak, area := int64(0), int64(0)
		held := map[int64]int64{}
		for i, at := range moments {
			peak = max(peak, in(at))
			if i+1 < len(moments) {
				area += in(at) * (moments[i+1] - at)
				held[in(at)] += moments[i+1] - at
			}
		}
		got := sectionOf[*Concurrency](t, "concurrency", records...)
		if got.Requests != int64(len(starts)) || got.LeftOut != leftOut {
			t.Fatalf("%+v, want %d requests, %d left out", got, len(starts), leftOut)
		}
		if len(starts) == 0 {
			return
		}
		if *got.Peak != peak {
			t.Errorf("peak %d, want %d", *got.Peak, peak)
		}
		span := moments[len(moments)-1] - moments[0]
		if span == 0 {
			return
		}
		near(t, "average", got.Average, float64(area)/float64(span))
		if *got.Little.Product != *got.Average {
			t.Errorf("Little's law: %v, and %v on average", *got.Little.Product, *got.Average)
		}
		near(t, "rate times time", new(*got.Little.RequestsPerS**got.Little.MeanTimeS), *got.Average)
		for _, q := range []struct {
			got     *int64
			percent int64
		}{{got.P50, 50}, {got.P99, 99}} {
			atMost, below := int64(0), int64(0)
			for n, us := range held {
				if n <= *q.got {
					atMost += us
				}
				if n < *q.got {
					below += us
				}
			}
			if atMost*100 < q.percent*span || *q.got > 0 && below*100 >= q.percent*span {
				t.Errorf("p%d is %d: at most so many for %d of %d us, fewer for %d", q.percent, *q.got, atMost, span, below)
			}
		}
	})
}

func TestTokenRateOracle(t *testing.T) {
	forOddTraffic(t, func(records []schema.Record) {
		want := map[int64]int64{}
		tokens := int64(0)
		for _, a := range answers(records) {
			for _, times := range a.times {
				for _, at := range times {
					want[int64(math.Floor(float64(a.record.StartTime%1e15+*a.record.Dispatched+at)/1e6))+a.record.StartTime/1e15*1e9]++
					tokens++
				}
			}
		}
		got := sectionOf[*TokenRate](t, "token_rate", records...)
		if got.Tokens != tokens {
			t.Errorf("%d tokens, want %d", got.Tokens, tokens)
		}
		if tokens == 0 {
			return
		}
		peak := int64(0)
		for _, n := range want {
			peak = max(peak, n)
		}
		if *got.PeakPerS != peak {
			t.Errorf("peak %d, want %d", *got.PeakPerS, peak)
		}
		sum := 0.0
		for _, v := range got.Series {
			sum += *v * float64(got.SeriesStepS)
		}
		if math.Abs(sum-float64(tokens)) > 1e-6 || len(got.Series) > seriesMax {
			t.Errorf("%d points that add up to %v, want %d", len(got.Series), sum, tokens)
		}
	})
}
