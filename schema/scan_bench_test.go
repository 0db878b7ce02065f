package schema

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/uuid"
)

// benchTraffic makes streamed chat requests whose answers are lognormal (median
// 189 tokens, sigma 0.75: 250 on average), with a base gap a request (lognormal,
// 15 ms, sigma 0.4), jitter (sigma 0.25), and one gap in 200 two to ten times
// longer; one token an event between a role event and finish, usage and done. gap,
// if not nil, is told of every gap between tokens, us.
func benchTraffic(requests int, gap func(us int64)) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		rnd := rand.New(rand.NewPCG(1, 2))
		start := int64(1_780_000_000_000_000)
		for range requests {
			var id uuid.UUID
			for i := range id {
				id[i] = byte(rnd.Uint32())
			}
			start += int64(rnd.ExpFloat64() * 20_000)
			n := max(2, int(189*math.Exp(0.75*rnd.NormFloat64())))
			r := &Record{RecordID: id, StartTime: start, Phase: PhaseMeasure, Target: "http://10.0.0.7:8000", API: APIChat, Method: "POST",
				Path: "/v1/chat/completions", RequestModel: "meta-llama/Llama-3.1-8B-Instruct", Stream: true, ChoiceCount: 1,
				MaxTokens: new(int64(2048)), Temperature: new(0.7), RequestBytes: 400 + rnd.Int64N(9000), SessionID: fmt.Sprintf("%08x", rnd.Uint32()),
				InputTokens: new(100 + rnd.Int64N(2000)), OutputTokens: new(int64(n)), TokenSource: TokenSourceTokenIDs,
				Dispatched: new(20 + rnd.Int64N(40)), Connected: new(60 + rnd.Int64N(80)), ConnectionReused: new(true), Wrote: new(150 + rnd.Int64N(90)),
				Outcome: OutcomeOK, HTTPStatus: new(int64(200)), FinishReasons: []string{"stop"}, ResponseID: "chatcmpl-" + id.String(),
				ResponseModel: "meta-llama/Llama-3.1-8B-Instruct", ResponseBytes: new(int64(250 * n)), Recorded: RecordedLengths}
			at := int64(80_000 * math.Exp(0.5*rnd.NormFloat64()))
			r.Headers = new(at - 500)
			base := 15_000 * math.Exp(0.4*rnd.NormFloat64())
			event := func(kind int8, tokens int32) {
				r.ChunkTime, r.ChunkKind, r.ChunkTokens = append(r.ChunkTime, at), append(r.ChunkKind, kind), append(r.ChunkTokens, tokens)
				r.ChunkRead = append(r.ChunkRead, int32(len(r.ChunkRead)))
			}
			event(KindRole, 0)
			for i := range n {
				if i > 0 {
					us := base * math.Exp(0.25*rnd.NormFloat64())
					if rnd.IntN(200) == 0 {
						us *= 2 + 8*rnd.Float64()
					}
					if gap != nil {
						gap(int64(us))
					}
					at += int64(us)
				}
				event(KindContent, 1)
			}
			for _, kind := range []int8{KindFinish, KindUsage, KindDone} {
				at += 30
				event(kind, 0)
			}
			r.End = new(at + 40)
			if !yield(r) {
				return
			}
		}
	}
}

// benchRequests is the size of the benchmarks' file; METRON_BENCH_REQUESTS=200000
// makes it the 50 M tokens that docs/performance.md quotes.
func benchRequests(b *testing.B) int {
	text := os.Getenv("METRON_BENCH_REQUESTS")
	if text == "" {
		return 10_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("METRON_BENCH_REQUESTS: %v", err)
	}
	return n
}

// benchFile gives a file of benchTraffic: METRON_BENCH_FILE, made where it is
// absent and kept, or a temporary one.
func benchFile(b *testing.B) string {
	path := os.Getenv("METRON_BENCH_FILE")
	if path == "" {
		path = filepath.Join(b.TempDir(), "bench.parquet")
	} else if _, err := os.Stat(path); err == nil {
		return path
	}
	w, err := Create(path, Meta{Vantage: VantageReplay})
	if err != nil {
		b.Fatal(err)
	}
	for r := range benchTraffic(benchRequests(b), nil) {
		if err := w.Put(r); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkScan reads token times into contiguous slices.
func BenchmarkScan(b *testing.B) {
	a := openArchive(b, benchFile(b))
	var entries, sum int64
	for b.Loop() {
		entries, sum = 0, 0
		for batch, err := range a.Batches(b.Context(), Query{Columns: []string{"chunk_time"}}) {
			if err != nil {
				b.Fatal(err)
			}
			times := batch.Column(0).(*array.List).ListValues().(*array.Int64).Int64Values()
			entries += int64(len(times))
			sum += times[len(times)-1]
		}
	}
	if sum == 0 {
		b.Fatal("no time was read")
	}
	b.ReportMetric(float64(entries)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mtokens/s")
}

// BenchmarkSizes is no timing: it prints what columns cost, and the entropy of
// the gaps as the bound that no encoding of them passes.
func BenchmarkSizes(b *testing.B) {
	path := benchFile(b)
	counts, gaps := map[int64]int{}, 0
	for range benchTraffic(benchRequests(b), func(us int64) { counts[us]++; gaps++ }) {
	}
	bits := 0.0
	for _, n := range counts {
		p := float64(n) / float64(gaps)
		bits -= p * math.Log2(p)
	}
	a := openArchive(b, path)
	tokens, rows := int64(0), a.NumRows()
	for batch, err := range a.Batches(b.Context(), Query{Columns: []string{"output_tokens"}}) {
		if err != nil {
			b.Fatal(err)
		}
		for _, n := range batch.Column(0).(*array.Int64).Int64Values() {
			tokens += n
		}
	}
	sizes := a.Files[0].ColumnBytes()
	chunks, rest := int64(0), a.Files[0].Size()
	for _, c := range columns() {
		n := sizes[c.name]
		if len(c.name) > 6 && c.name[:6] == "chunk_" {
			b.Logf("%-20s %8.4f B/token", c.name, float64(n)/float64(tokens))
			chunks, rest = chunks+n, rest-n
		} else {
			b.Logf("%-20s %8.2f B/request", c.name, float64(n)/float64(rows))
		}
	}
	for b.Loop() {
	}
	b.ReportMetric(bits/8, "entropy_B/token")
	b.ReportMetric(float64(sizes["chunk_time"])/float64(tokens), "chunk_time_B/token")
	b.ReportMetric(float64(chunks-sizes["chunk_time"])/float64(tokens), "other_chunk_B/token")
	b.ReportMetric(float64(rest)/float64(rows), "rest_B/request")
}
