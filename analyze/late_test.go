package analyze

import (
	"testing"

	"pgregory.net/rapid"
)

// From one deadline to any longer one, in steps: the counts are those of Exact and Docs, and
// nothing changes before the deadline that is said.
func TestNarrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		streams, d := drawStreams(t), drawDeadlines(t)
		a := rapid.SampledFrom([]Arithmetic{ArithmeticExact, ArithmeticDocs}).Draw(t, "arithmetic")
		whole := scorer{arithmetic: a}
		whole.reset(streams)
		var starts []streamStart
		for _, gaps := range streams {
			starts = append(starts, startOf(gaps, d))
		}
		tbt := rapid.Int64Range(1, 1500).Draw(t, "first deadline")
		var late, later lateTokens
		late.collect(streams, starts, tbt)
		for range 4 {
			if !late.covers(tbt, starts) {
				t.Fatalf("%d us is not covered", tbt)
			}
			score, next := later.narrow(&late, starts, tbt, a == ArithmeticDocs)
			for at := tbt; at < next; at++ {
				if want := whole.score(Deadlines{d.TTFT, at, d.DecodeOnly}); score != want {
					t.Fatalf("%s at %d us (looked at %d): %+v, want %+v", a, at, tbt, score, want)
				}
			}
			late, later = later, late
			tbt += rapid.Int64Range(0, 500).Draw(t, "more")
		}
	})
}
