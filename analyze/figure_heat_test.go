package analyze

import (
	"math/rand/v2"
	"testing"
)

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
