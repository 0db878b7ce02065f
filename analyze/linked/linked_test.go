package linked

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestBuckets: every bucket begins where the one before it ends, holds its bounds, and
// its middle is as near to them as is said.
func TestBuckets(t *testing.T) {
	next := int64(0)
	for bucket := range maxBuckets {
		low, high := Bounds(bucket)
		if low != next || BucketOf(low) != bucket || BucketOf(high) != bucket {
			t.Fatalf("bucket %d is from %d to %d, want from %d; they are counted in %d and %d", bucket, low, high, next, BucketOf(low), BucketOf(high))
		}
		if middle := float64(low)/2 + float64(high)/2; (middle-float64(low))/math.Max(1, float64(low)) > RelativeError {
			t.Fatalf("bucket %d, from %d to %d: %v is more than %v off", bucket, low, high, middle, RelativeError)
		}
		next = high + 1
		if high == math.MaxInt64 {
			return
		}
	}
	t.Fatalf("the buckets end at %d", next)
}

func TestCountsMergeAndSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.Int64Range(-5, 1<<40)).Draw(t, "values")
		cut := rapid.IntRange(0, len(values)).Draw(t, "cut")
		var whole, left, right Counts
		for i, v := range values {
			whole.Add(v)
			if i < cut {
				left.Add(v)
			} else {
				right.Add(v)
			}
		}
		left.Merge(&right)
		text, err := json.Marshal(left)
		if err != nil {
			t.Fatal(err)
		}
		var read Counts
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		if read.Count() != int64(len(values)) {
			t.Fatalf("%d values of %d in %s", read.Count(), len(values), text)
		}
		slices.Sort(values)
		for rank, v := range values {
			v := float64(max(0, v))
			if got := read.At(int64(rank)); math.Abs(got-v) > v*RelativeError || got != whole.At(int64(rank)) {
				t.Fatalf("rank %d is %v, want %v", rank, got, v)
			}
		}
	})
}

// TestBinsMerge: however requests are dealt out, the bins add up to the same, no more
// than there may be, and each moment lies in its own.
func TestBinsMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		origin := rapid.Int64Range(-1<<50, 1<<50).Draw(t, "origin")
		reach := int64(1) << rapid.IntRange(4, 59).Draw(t, "reach")
		moment := rapid.Int64Range(-reach, reach)
		whole, left, right := NewBins(origin), NewBins(origin), NewBins(origin)
		type event struct{ from, to int64 }
		var events []event
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			e := event{moment.Draw(t, "from"), moment.Draw(t, "to")}
			events = append(events, e)
			part := left
			if rapid.Bool().Draw(t, "right") {
				part = right
			}
			for _, b := range []Bins{whole, part} {
				b.At(e.from).Requests++
				b.At(e.from).TTFT.Add(e.to)
				b.At(e.from).Span(e.from, Moment{e.to, e.to > 0})
				b.Fly(e.from, e.to)
			}
		}
		left.Merge(right)
		got, want := left.Columns(), whole.Columns()
		text, _ := json.Marshal(got)
		expected, _ := json.Marshal(want)
		if string(text) != string(expected) {
			t.Fatalf("merged:\n%s\nat once:\n%s", text, expected)
		}
		if len(want.Requests) > maxBins {
			t.Fatalf("%d bins", len(want.Requests))
		}
		for i := range want.Requests {
			from := origin + (want.First+int64(i))*want.WidthUS
			requests, flying := int64(0), int64(0)
			for _, e := range events {
				if e.from >= from && e.from < from+want.WidthUS {
					requests++
				}
				flying += max(0, min(e.to, from+want.WidthUS)-max(e.from, from))
			}
			if want.Requests[i] != requests || want.InFlightUS[i] != flying {
				t.Fatalf("bin %d: %d requests and %d us in flight, want %d and %d", i, want.Requests[i], want.InFlightUS[i], requests, flying)
			}
		}
	})
}

func TestThinKeepsTheEndsAndTheLongestGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(8, 40).Draw(t, "limit")
		moments := []int64{0}
		for range rapid.IntRange(0, 200).Draw(t, "more") {
			moments = append(moments, moments[len(moments)-1]+rapid.Int64Range(0, 1000).Draw(t, "gap"))
		}
		chosen := Thin(moments, limit)
		if len(chosen) > limit || len(moments) <= limit && len(chosen) != len(moments) {
			t.Fatalf("%d of %d chosen, limit %d", len(chosen), len(moments), limit)
		}
		if !slices.IsSorted(chosen) || chosen[0] != 0 || chosen[len(chosen)-1] != len(moments)-1 {
			t.Fatalf("chose %v of %d", chosen, len(moments))
		}
		longest := int64(0)
		for i := range moments[1:] {
			longest = max(longest, moments[i+1]-moments[i])
		}
		for i := range chosen[1:] {
			if a, b := chosen[i], chosen[i+1]; b == a+1 && moments[b]-moments[a] == longest {
				return
			}
		}
		if len(moments) > 1 {
			t.Fatalf("the longest gap, %d, is not among %v", longest, chosen)
		}
	})
}
