package clock

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// However moments are dealt to clocks and these merged, the counts are those of one clock: as
// many bins as there may be, as short as they can be.
func TestClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 8
		origin := rapid.SampledFrom([]int64{0, -7, 1_700_000_000_123_456}).Draw(t, "origin")
		moments := rapid.SliceOfN(rapid.Int64Range(-50_000_000, 900_000_000), 1, 40).Draw(t, "moments")
		parts := make([]*Clock[int64], 3)
		for i := range parts {
			parts[i] = New(origin, most, func(to, from *int64) { *to += *from })
		}
		for i := range moments {
			moments[i] += origin
			part := parts[rapid.IntRange(0, 2).Draw(t, "part")]
			bin, from, to := part.Span(moments[i])
			*bin++
			if moments[i] < from || moments[i] >= to {
				t.Fatalf("%d is not in [%d, %d)", moments[i], from, to)
			}
		}
		whole := parts[0]
		whole.Merge(parts[1])
		whole.Merge(parts[2])
		low, high := slices.Min(moments)-origin, slices.Max(moments)-origin
		width := int64(finestUS)
		for Floor(high, width)-Floor(low, width) >= most {
			width *= 2
		}
		if whole.Width != width || whole.First != Floor(low, width) || len(whole.Bins) != int(Floor(high, width)-whole.First)+1 {
			t.Fatalf("%d bins from %d, %d us each, want %d us", len(whole.Bins), whole.First, whole.Width, width)
		}
		want := make([]int64, len(whole.Bins))
		for _, us := range moments {
			want[whole.Index(us)]++
		}
		if !slices.Equal(whole.Bins, want) {
			t.Fatalf("%v, want %v", whole.Bins, want)
		}
	})
}
