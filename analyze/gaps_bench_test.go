package analyze

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sync/errgroup"

	"metron/schema"
)

// BenchmarkGapsOfFile is p50 and p99 of every gap between chunks of $METRON_BENCH_FILE, from
// the file and exact, by as many workers as there are processors: bench/analyze.sh has
// DuckDB answer the same, which looks at nothing but the times either.
func BenchmarkGapsOfFile(b *testing.B) {
	path := os.Getenv("METRON_BENCH_FILE")
	if path == "" {
		b.Skip("METRON_BENCH_FILE names no file")
	}
	gaps := 0
	for b.Loop() {
		tbt := gapsOfFile(b, path)
		index := tbt.ranks()
		for _, q := range []Fraction{{50, 100}, {99, 100}} {
			Linear.quantile(q, tbt.Count(), func(rank int64) float64 { return float64(index.at(rank)) })
		}
		gaps = int(tbt.Count())
	}
	perSecond(b, gaps, "gaps")
}

func gapsOfFile(b *testing.B, path string) *Hist {
	archive, err := schema.OpenArchive(path)
	if err != nil {
		b.Fatal(err)
	}
	defer archive.Close()
	found := make([]Hist, runtime.GOMAXPROCS(0))
	for batch, err := range archive.Batches(b.Context(), schema.Query{Columns: []string{"chunk_time"}}) {
		if err != nil {
			b.Fatal(err)
		}
		v, err := newView(batch)
		if err != nil {
			b.Fatal(err)
		}
		var group errgroup.Group
		for i := range found {
			group.Go(func() error {
				var gaps []int64
				for j := v.rows * i / len(found); j < v.rows*(i+1)/len(found); j++ {
					times := v.chunkTime.at(j)
					gaps = gaps[:0]
					for k := 1; k < len(times); k++ {
						gaps = append(gaps, times[k]-times[k-1])
					}
					found[i].Add(gaps)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	for i := range found[1:] {
		found[0].Merge(&found[i+1])
	}
	return &found[0]
}
