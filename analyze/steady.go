package analyze

// A run warms up and drains: its beginning and its end say little about the system
// between. MSER-5 (White 1997; Spratt 1998) cuts a beginning off so that the mean of
// what remains has the smallest standard error; the same from behind cuts the end.

const (
	mserBatch        = 5       // values that are averaged first
	mserFewest       = 10      // batches below which nothing is said
	maxSteadyWindows = 1 << 20 // 12 days of seconds
)

// steadyWindow is the part values[from:to] of evenly spaced measurements in which the
// system was steady; false where there are too few to say, or where a cut would take
// more than half, so that nothing was steady.
func steadyWindow(values []float64) (from, to int, ok bool) {
	var batches []float64
	for i := 0; i+mserBatch <= len(values); i += mserBatch {
		sum := 0.0
		for _, v := range values[i : i+mserBatch] {
			sum += v
		}
		batches = append(batches, sum/mserBatch)
	}
	n := len(batches)
	if n < mserFewest {
		return 0, 0, false
	}
	backwards := make([]float64, n)
	for i, v := range batches {
		backwards[n-1-i] = v
	}
	front, back := mser(batches), mser(backwards)
	if front > n/2 || back > n/2 || front+back >= n {
		return 0, 0, false
	}
	return front * mserBatch, (n - back) * mserBatch, true
}

// mser is how many of the first values to leave out: the d at which the sum of squares
// about the mean of values[d:], over (n-d)^2, is smallest; the first such. The last
// few values always agree with each other, so the search ends before them.
func mser(values []float64) int {
	best, least := 0, 0.0
	mean, squares, n := 0.0, 0.0, 0.0
	for d := len(values) - 1; d >= 0; d-- { // Welford's, from behind
		n++
		delta := values[d] - mean
		mean += delta / n
		squares += delta * (values[d] - mean)
		if n < mserBatch {
			continue
		}
		if score := squares / (n * n); n == mserBatch || score <= least {
			best, least = d, score
		}
	}
	return best
}
