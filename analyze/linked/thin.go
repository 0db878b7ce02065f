package linked

import (
	"cmp"
	"slices"
)

// Thin chooses at most limit of the moments, which are in order, and returns their indices:
// the first and the last, both ends of the longest gaps, which are what a reader looks for,
// and of the rest every so many. Where there are no more than limit, all are chosen.
func Thin(moments []int64, limit int) []int {
	n := len(moments)
	if n <= limit {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		return all
	}
	gaps := make([]int, n-1) // gap i ends at moment i+1
	for i := range gaps {
		gaps[i] = i
	}
	slices.SortFunc(gaps, func(a, b int) int {
		return cmp.Or(cmp.Compare(moments[b+1]-moments[b], moments[a+1]-moments[a]), cmp.Compare(a, b))
	})
	chosen := []int{0, n - 1}
	for _, i := range gaps[:limit/4] {
		chosen = append(chosen, i, i+1)
	}
	even := limit - 2 - 2*(limit/4)
	for i := range even {
		chosen = append(chosen, (i+1)*(n-1)/(even+1))
	}
	slices.Sort(chosen)
	return slices.Compact(chosen)
}
