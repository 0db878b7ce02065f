package stat

import "slices"

// Holm adjusts the p-values of a family of tests, so that calling those below a level
// differences errs on any of them with at most that probability (Holm 1979). The result
// stands in the order of the values.
func Holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case ps[a] < ps[b]:
			return -1
		case ps[a] > ps[b]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(ps))
	largest := 0.0
	for i, at := range order {
		largest = max(largest, min(1, float64(len(ps)-i)*ps[at]))
		out[at] = largest
	}
	return out
}
