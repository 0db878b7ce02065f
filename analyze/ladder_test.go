package analyze

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestClimb: the ladder counts what the kernels count, one first deadline after the other.
func TestClimb(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var streams [][]int64
		for range rapid.IntRange(1, 3).Draw(t, "choices") {
			streams = append(streams, rapid.SliceOfN(rapid.Int64Range(-2, 40), 0, 30).Draw(t, "gaps"))
		}
		ttft := rapid.SliceOfN(rapid.Int64Range(0, 200), 1, 12).Draw(t, "ttft")
		slices.Sort(ttft)
		tbt := rapid.Int64Range(1, 30).Draw(t, "tbt")
		rungs, decode, tokens, decoded := make([]rung, len(ttft)), rung{}, int64(0), int64(0)
		for _, gaps := range streams {
			base := climb(gaps, ttft, tbt, rungs)
			decode.late, decode.missed = decode.late+base.late, decode.missed+base.missed
			tokens += int64(len(gaps))
			decoded += int64(max(0, len(gaps)-1))
		}
		for _, a := range []Arithmetic{ArithmeticExact, ArithmeticDocs} {
			s := scorer{arithmetic: a}
			s.reset(streams)
			for i, first := range ttft {
				if got, want := a.score(rungs[i], tokens), s.score(Deadlines{TTFT: first, TBT: tbt}); got != want {
					t.Fatalf("%s: TTFT %d, TBT %d of %v: %+v, want %+v", a, first, tbt, streams, got, want)
				}
			}
			if got, want := a.score(decode, decoded), s.score(Deadlines{TBT: tbt, DecodeOnly: true}); got != want {
				t.Fatalf("%s: TBT %d of %v, decode only: %+v, want %+v", a, tbt, streams, got, want)
			}
		}
	})
}

func BenchmarkClimb(b *testing.B) {
	gaps := make([]int64, 1000)
	for i := range gaps {
		gaps[i] = int64(5_000 + i*7919%20_000)
	}
	ttft := gridTTFT()
	rungs := make([]rung, len(ttft))
	b.ReportAllocs()
	for b.Loop() {
		climb(gaps, ttft, 15_000, rungs)
	}
	b.ReportMetric(float64(len(gaps))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mgaps/s")
}
