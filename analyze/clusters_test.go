package analyze

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"metron/analyze/stat"
	"metron/schema"
)

// The interval of a TBT percentile is as wide as what drawing whole requests again and
// again makes of it, and wider than tokens drawn one by one would: in this traffic each
// request has a pace of its own.
func TestTokenIntervalsAgainstBootstrap(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	const requests, tokens = 300, 40
	records := traffic(requests, tokens, 1)[:0]
	var gaps [][]float64
	for i := range requests {
		pace := 20_000 * math.Exp(0.3*random.NormFloat64())
		at, times := int64(100_000), []int64{100_000}
		var own []float64
		for range tokens {
			gap := int64(pace * math.Exp(0.05*random.NormFloat64()))
			at += gap
			times, own = append(times, at), append(own, float64(gap)/usPerSecond)
		}
		records, gaps = append(records, record(uint64(i), int64(i)*10_000, 1, times...)), append(gaps, own)
	}
	tbt := analyze(t, Config{}, records...).Metrics.Get(keyTBT)
	var drawn [][]float64 // the pooled gaps of each time, ascending
	for range 200 {
		var pooled []float64
		for range requests {
			pooled = append(pooled, gaps[random.IntN(requests)]...)
		}
		slices.Sort(pooled)
		drawn = append(drawn, pooled)
	}
	for _, p := range summaryPercentiles()[:4] { // beyond, a handful of requests decide
		var estimates []float64
		for _, pooled := range drawn {
			estimates = append(estimates, Nearest.sortedQuantile(p.fraction(), pooled))
		}
		slices.Sort(estimates)
		low, high := estimates[5], estimates[194]
		got := p.interval(tbt.CI95)
		width := (*got.High - *got.Low) / (high - low)
		if width < 0.75 || width > 1.35 || *got.Low > **p.of(&tbt.Summary) || *got.High < **p.of(&tbt.Summary) {
			t.Errorf("%s: %.4f to %.4f, drawn again %.4f to %.4f", p.name, *got.Low, *got.High, low, high)
		}
		alone := stat.QuantileRanks(p.fraction().Float(), requests*tokens)
		all := slices.Sorted(slices.Values(slices.Concat(gaps...)))
		if narrow := all[alone.High] - all[alone.Low]; *got.High-*got.Low < 2*narrow {
			t.Errorf("%s: %.5f wide, tokens alone %.5f", p.name, *got.High-*got.Low, narrow)
		}
	}
}

// Where every request has one gap, the tokens' interval is the requests'.
func TestTokenIntervalsOfPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(23, 24))
	records := traffic(1, 1, 1)[:0]
	var all []float64
	for i := range 2000 {
		gap := int64(1 + random.IntN(50_000))
		records, all = append(records, record(uint64(i), int64(i)*1000, 1, 50_000, 50_000+gap)), append(all, float64(gap)/usPerSecond)
	}
	slices.Sort(all)
	tbt := analyze(t, Config{}, records...).Metrics.Get(keyTBT)
	for _, p := range summaryPercentiles()[:5] {
		ranks := stat.QuantileRanks(p.fraction().Float(), int64(len(all)))
		got := p.interval(tbt.CI95)
		if math.Abs(*got.Low-all[ranks.Low]) > 0.0005 || math.Abs(*got.High-all[ranks.High]) > 0.0005 {
			t.Errorf("%s: %.5f to %.5f, of independent values %.5f to %.5f", p.name, *got.Low, *got.High, all[ranks.Low], all[ranks.High])
		}
	}
}

// A group may have gaps where the whole has none: in its own group warm-up is measured.
func TestIntervalsOfWarmUp(t *testing.T) {
	records := traffic(60, 20, 3)
	for i := range records {
		records[i].Phase = schema.PhaseWarmup
	}
	r := analyze(t, Config{By: []string{"phase"}}, records...)
	if r.Metrics.Get(keyTBT).Count != 0 || r.Metrics.Get(keyTBT).CI95 != nil {
		t.Fatal("the whole has gaps")
	}
	if ci := r.Groups[0].Metrics.Get(keyTBT).CI95; ci == nil || ci.P50.Low == nil || ci.P50.High == nil {
		t.Errorf("warm-up has the intervals %+v", ci)
	}
}

func TestNoIntervalBeyondTheExtremes(t *testing.T) {
	r := analyze(t, Config{}, traffic(20, 10, 3)...)
	if ci := r.Metrics.Get(keyTTFT).CI95; ci.P999.High != nil || ci.P999.Low == nil {
		t.Errorf("p99.9 of 20 requests has the interval %v", ci.P999)
	}
	if ci := r.Metrics.Get(keyTBT).CI95; ci.P999.High != nil {
		t.Errorf("p99.9 of 20 requests' tokens has the interval %v", ci.P999)
	}
	one := analyze(t, Config{}, record(1, 0, 1, 50_000, 60_000))
	if ci := one.Metrics.Get(keyTTFT).CI95; ci.Mean.Low != nil || ci.P50.Low != nil || ci.P50.High != nil {
		t.Errorf("one request has the intervals %+v", ci)
	}
}

// Counting chunks without laying their tokens out counts the same.
func TestClustersOfChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := row{stream: true}
		at := int64(0)
		for range rapid.IntRange(0, 12).Draw(t, "chunks") {
			at += rapid.Int64Range(-5, 60).Draw(t, "gap")
			r.chunkTime = append(r.chunkTime, at)
			r.chunkKind = append(r.chunkKind, int8(rapid.IntRange(0, 10).Draw(t, "kind")))
			r.chunkTokens = append(r.chunkTokens, int32(rapid.IntRange(0, 4).Draw(t, "tokens")))
		}
		if rapid.Bool().Draw(t, "tokens unknown") {
			r.chunkTokens = nil
		}
		one := &clusters{bounds: []int64{20, 10, 30, 30, 40, 50}, order: []int{1, 0, 2, 3, 4, 5}}
		laidOut, counted := one.another(), one.another()
		var tokens tokenTimes
		tokens.reset(&r, 0, Burst)
		laidOut.add(tokens.streams)
		counted.addChunks(&r)
		if !reflect.DeepEqual(laidOut.found, counted.found) {
			t.Fatalf("%+v, laid out %+v", counted.found, laidOut.found)
		}
	})
}
