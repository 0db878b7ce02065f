package stat

import "slices"

// A run warms up and drains: its beginning and its end say little about the system
// between.
const (
	steadyBatch  = 5  // values that one mean of MSER-5 is of
	fewestSteady = 10 // means below which nothing is said
)

// Steady is the part values[from:to] of evenly spaced values in which they are steady: what
// WarmUp leaves of them, read forwards and read backwards. False where it says nothing of
// either, or both together leave nothing.
func Steady(values []float64) (from, to int, ok bool) {
	head, ok := WarmUp(values)
	backwards := slices.Clone(values)
	slices.Reverse(backwards)
	tail, alsoOK := WarmUp(backwards)
	if !ok || !alsoOK || head+tail >= len(values) {
		return 0, 0, false
	}
	return head, len(values) - tail, true
}

// WarmUp is how many of the first values to leave out so that the rest is steady: the cut
// that makes the standard error of the mean of the rest smallest, over means of five
// (MSER-5: White, Cobb and Spratt, Proceedings of the 2000 Winter Simulation Conference).
// False where that would leave less than half: the values never became steady, or are
// too few to say.
func WarmUp(values []float64) (cut int, ok bool) {
	means := make([]float64, len(values)/steadyBatch)
	if len(means) < fewestSteady {
		return 0, false
	}
	for i := range means {
		for _, v := range values[i*steadyBatch : (i+1)*steadyBatch] {
			means[i] += v / steadyBatch
		}
	}
	// From the end, so that each cut adds one mean to what is kept (Welford's update).
	best, bestError := -1, 0.0
	n, mean, squares := 0.0, 0.0, 0.0
	for i := len(means) - 1; i >= 0; i-- {
		n++
		delta := means[i] - mean
		mean += delta / n
		squares += delta * (means[i] - mean)
		if n < steadyBatch { // the error of a handful of means is an accident
			continue
		}
		if e := squares / (n * n); best < 0 || e <= bestError {
			best, bestError = i, e
		}
	}
	if best > len(means)/2 {
		return 0, false
	}
	return best * steadyBatch, true
}
