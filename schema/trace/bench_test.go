package trace

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"metron/schema"
)

// BenchmarkVerbs rewrites 10,000 answers of 200 tokens.
func BenchmarkVerbs(b *testing.B) {
	const answers, tokens = 10_000, 200
	dir := b.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	halves := [2][]schema.Record{}
	for i := range answers {
		r := row(0, int64(1+i*1000))
		r.RecordID = randomID(rng)
		r.ChunkTokens = make([]int32, tokens)
		r.ChunkKind = make([]int8, tokens)
		at := int64(0)
		for j := range tokens {
			at += 10_000 + rng.Int64N(10_000)
			r.ChunkTime = append(r.ChunkTime, at)
			r.ChunkRead = append(r.ChunkRead, int32(j))
			r.ChunkTokens[j] = 1
		}
		halves[i%2] = append(halves[i%2], r)
	}
	in := []string{write(b, filepath.Join(dir, "a.parquet"), schema.Meta{}, halves[0]...), write(b, filepath.Join(dir, "b.parquet"), schema.Meta{}, halves[1]...)}
	job := Job{In: in, Out: filepath.Join(dir, "out.parquet"), Force: true}
	run := func(name string, f func() (*Report, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := f()
				must(b, r, err)
			}
			b.ReportMetric(float64(answers*tokens)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
	run("slice", func() (*Report, error) {
		return (&Slice{Job: Job{In: job.In, Out: job.Out, Force: true}, Sample: 0.5, SampleBy: BySession}).Run(b.Context())
	})
	run("merge", func() (*Report, error) {
		return (&Merge{Job{In: job.In, Out: job.Out, Force: true}}).Run(b.Context())
	})
	run("anonymize", func() (*Report, error) {
		return (&Anonymize{Job: Job{In: job.In, Out: job.Out, Force: true}, Content: schema.RecordedHash, Tenants: Drop, Models: Keep}).Run(b.Context())
	})
}
