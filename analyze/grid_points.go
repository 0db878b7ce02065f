package analyze

import "slices"

// The points of the grid: ten to the decade of what deadlines are, and the shares and
// percentiles that are asked for. What an analysis asks joins them.

// perDecade are the round numbers from one power of ten to the next, in hundredths.
func perDecade() []int64 { return []int64{100, 125, 150, 200, 250, 300, 400, 500, 600, 800} }

// decades are the round numbers from low to high.
func decades(low, high int64) []int64 {
	var out []int64
	for power := int64(1); power <= high; power *= 10 {
		for _, hundredths := range perDecade() {
			if v := power * hundredths / 100; v >= low && v <= high && v*100 == power*hundredths {
				out = append(out, v)
			}
		}
	}
	return out
}

func gridTTFT() []int64 { return decades(10_000, 30_000_000) } // 10 ms to 30 s
func gridTBT() []int64  { return decades(1_000, 1_000_000) }   // 1 ms to 1 s

// gridMiss are shares of deadlines that a request may miss, permille.
func gridMiss() []int64 { return []int64{0, 10, 20, 50, 100, 150, 200, 300, 500} }

// gridPercentiles are those of every summary, permille.
func gridPercentiles() []int64 {
	var out []int64
	for _, p := range summaryPercentiles() {
		out = append(out, p.permille)
	}
	return out
}

// joined is a value among others, in order, and its place there.
func joined(values []int64, v int64) ([]int64, int) {
	at, there := slices.BinarySearch(values, v)
	if !there {
		values = slices.Insert(values, at, v)
	}
	return values, at
}

// permille is a fraction in thousandths, false where it is no whole number of them.
func (f Fraction) permille() (int64, bool) {
	n := f.Num * 1000
	return n / f.Den, n%f.Den == 0
}
