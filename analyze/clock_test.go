package analyze

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// However moments are dealt to clocks and these merged, the counts are those of one clock: as
// many bins as there may be, as short as they can be.
func TestClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 8
		moments := rapid.SliceOfN(rapid.Int64Range(-50_000_000, 900_000_000), 1, 40).Draw(t, "moments")
		add := func(to, from *int64) { *to += *from }
		parts := make([]clock[int64], 3)
		for i := range parts {
			parts[i] = clock[int64]{most: most, join: add}
		}
		for _, us := range moments {
			bin, from, to := parts[rapid.IntRange(0, 2).Draw(t, "part")].at(us)
			*bin++
			if us < from || us >= to {
				t.Fatalf("%d is not in [%d, %d)", us, from, to)
			}
		}
		whole := &parts[0]
		whole.merge(&parts[1])
		whole.merge(&parts[2])
		low, high := slices.Min(moments), slices.Max(moments)
		shift := uint(0)
		for binOf(high, clockUnitUS<<shift)-binOf(low, clockUnitUS<<shift) >= most {
			shift++
		}
		if whole.shift != shift || whole.first != binOf(low, whole.stepUS()) || len(whole.bins) != int(binOf(high, whole.stepUS())-whole.first)+1 {
			t.Fatalf("%d bins from %d at shift %d, want shift %d", len(whole.bins), whole.first, whole.shift, shift)
		}
		want := make([]int64, len(whole.bins))
		for _, us := range moments {
			want[binOf(us, whole.stepUS())-whole.first]++
		}
		if !slices.Equal(whole.bins, want) {
			t.Fatalf("%v, want %v", whole.bins, want)
		}
	})
}

// Every gap lies in its bucket, whose middle is within 1.6 % of it.
func TestGapBuckets(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		us := rnd.Int64N(1 << (1 + rnd.IntN(30)))
		bucket := gapBucket(us)
		from, to := bucketFrom(bucket), bucketFrom(bucket+1)
		if us < from || us >= to {
			t.Fatalf("%d is in bucket %d, [%d, %d)", us, bucket, from, to)
		}
		if middle := float64(from+to-1) / 2; max(middle-float64(us), float64(us)-middle) > 0.016*float64(us) {
			t.Fatalf("%d is far from the middle %v of its bucket", us, middle)
		}
	}
	if gapBucket(-5) != 0 || gapBucket(1<<60) != gapBuckets-1 {
		t.Error("what lies outside has no bucket")
	}
}
