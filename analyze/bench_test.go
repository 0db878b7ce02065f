package analyze

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"metron/schema"
)

// benchGaps are gaps of a decoding server, with a pause now and then.
func benchGaps(n int) []int64 {
	rnd := rand.New(rand.NewPCG(1, 2))
	gaps := make([]int64, n)
	for i := range gaps {
		gaps[i] = int64(22_000 * math.Exp(0.25*rnd.NormFloat64()))
		if rnd.IntN(200) == 0 {
			gaps[i] += 300_000
		}
	}
	return gaps
}

// perSecond reports how many items of each iteration were done in a second.
func perSecond(b *testing.B, items int, unit string) {
	b.ReportMetric(float64(items)*float64(b.N)/b.Elapsed().Seconds()/1e6, "M"+unit+"/s")
}

func BenchmarkExact(b *testing.B) {
	gaps := benchGaps(250)
	b.ReportAllocs()
	for b.Loop() {
		Exact(gaps, Deadlines{TTFT: 100_000, TBT: 25_000})
	}
	perSecond(b, len(gaps), "gaps")
}

func BenchmarkEtalon(b *testing.B) {
	var seconds []float64
	for _, g := range benchGaps(250) {
		seconds = append(seconds, float64(g)/usPerSecond)
	}
	b.ReportAllocs()
	for b.Loop() {
		Etalon(seconds, EtalonDeadlines{TTFT: 0.1, TBT: 0.025})
	}
	perSecond(b, len(seconds), "gaps")
}

// benchRequests are different requests, so that a processor cannot learn their
// branches by heart.
const benchRequests = 200

func BenchmarkMinTBTDeadline(b *testing.B) {
	gaps := benchGaps(250 * benchRequests)
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < len(gaps); at += 250 {
			exactMinimum([][]int64{gaps[at : at+250]}, Deadlines{TTFT: 100_000}, Fraction{1, 10})
		}
	}
	perSecond(b, len(gaps), "gaps")
}

func BenchmarkPlay(b *testing.B) {
	gaps := benchGaps(250)
	b.ReportAllocs()
	for b.Loop() {
		Play(gaps, Deadlines{TTFT: 100_000, TBT: 25_000})
	}
	perSecond(b, len(gaps), "gaps")
}

func BenchmarkHist(b *testing.B) {
	values := benchGaps(1 << 16)
	var h Hist
	h.Add(values)
	b.ReportAllocs()
	for b.Loop() {
		h.Add(values)
	}
	perSecond(b, len(values), "values")
}

func BenchmarkCurve(b *testing.B) {
	gaps := benchGaps(250 * benchRequests)
	c := NewCurve(20_000) // as long as it runs, the curve of so many
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < len(gaps); at += 250 {
			c.add(&scorer{arithmetic: ArithmeticExact, streams: [][]int64{gaps[at : at+250]}})
		}
	}
	perSecond(b, len(gaps), "gaps")
}

// BenchmarkSLO judges requests by three kinds of constraints, at every tightness.
func BenchmarkSLO(b *testing.B) {
	gaps := benchGaps(250 * benchRequests)
	c := Config{SLOs: []SLO{mustSLO(b, "ttft<=100ms,tbt[p99]<=50ms,fluidity>=0.9")}}.fill()
	s := newSLOs(&c)
	requests := make([]request, benchRequests)
	for i := range requests {
		requests[i] = requestOf(gaps[i*250 : (i+1)*250])
		requests[i].compute(&tokenTimes{}, &scorer{}, &c)
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range requests {
			s.add(&requests[i])
		}
	}
	perSecond(b, len(gaps), "gaps")
}

// BenchmarkAnalyze is the whole path from the file: 4,000 requests, 1 M tokens.
func BenchmarkAnalyze(b *testing.B) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var records []schema.Record
	for i := range 4000 {
		at := int64(80_000)
		var times []int64
		for range 250 {
			times = append(times, at)
			at += int64(22_000 * math.Exp(0.25*rnd.NormFloat64()))
		}
		records = append(records, record(uint64(i), int64(i)*10_000, 1, times...))
	}
	path := writeFile(b, "run.parquet", schema.Meta{}, records...)
	for name, c := range map[string]Config{"table": {}, "plots": {Drawing: Drawing{Kinds: FigureNames()}}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Analyze(context.Background(), []string{path}, c); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, 250*len(records), "tokens")
		})
	}
}

// What is done for every request and every value must not allocate.
func TestKernelsDoNotAllocate(t *testing.T) {
	gaps := benchGaps(250)
	streams := [][]int64{gaps}
	var h Hist
	h.Add(gaps)
	r := chunks(nil, nil)
	for range 250 {
		r.chunkTime = append(r.chunkTime, 10)
		r.chunkKind = append(r.chunkKind, schema.KindContent)
	}
	var tokens tokenTimes
	tokens.reset(&r, 0, Burst)
	d := Deadlines{TTFT: 100_000, TBT: 25_000}
	c := Config{SLOs: []SLO{mustSLO(t, "ttft<=100ms,tbt[p99]<=50ms,fluidity>=0.9,on_time>=0.9,continuity>=0.9")}}.fill()
	slos, judged := newSLOs(&c), requestOf(gaps)
	judged.compute(&tokenTimes{}, &scorer{}, &c)
	for name, f := range map[string]func(){
		"Exact":  func() { Exact(gaps, d) },
		"Play":   func() { Play(gaps, d) },
		"Hist":   func() { h.Add(gaps) },
		"tokens": func() { tokens.reset(&r, 0, Burst) },
		"bounds": func() { deadlineBounds(streams, d) },
		"minima": func() { exactMinimum(streams, d, Fraction{1, 10}) },
		"SLOs":   func() { slos.add(&judged) },
	} {
		if n := testing.AllocsPerRun(20, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
