package profile

import (
	"fmt"
	"math"
	"slices"

	"metron/analyze/stat"
	"metron/internal/term"
)

// What is worth telling of a change between the first measurements and later ones: more
// than chance makes, and more than a reader would shrug at.
const (
	byChance = 0.01
	matters  = 0.05
)

// check says what of the samples speaks against the curve.
func check(samples []Sample) (notes []string) {
	failed, cached, why := 0, 0, ""
	for _, s := range samples {
		switch {
		case s.Failure != "":
			failed, why = failed+1, s.Failure
		case s.Cached > 0:
			cached++
		}
	}
	if failed > 0 {
		notes = append(notes, fmt.Sprintf("%s of %s requests failed and count for nothing; the last: %s", term.Count(int64(failed)), term.Count(int64(len(samples))), why))
	}
	if cached > 0 {
		notes = append(notes, fmt.Sprintf("the target found the beginning of %s of %s prompts in its cache, although no two have one in common: their cached tokens are not counted as read",
			term.Count(int64(cached)), term.Count(int64(len(samples)))))
	}
	if by, ok := drift(samples); ok {
		word := "longer"
		if by < 0 {
			word = "shorter: the target was warming up, or knew the prompts"
		}
		notes = append(notes, fmt.Sprintf("later measurements of a length are %.0f %% %s", 100*math.Abs(by), word))
	}
	return notes
}

// drift is how much longer the later measurements of a length took than its first, in
// the median over lengths; false where that may be chance, or is little.
func drift(samples []Sample) (by float64, ok bool) {
	first, later := map[int64]float64{}, map[int64][]float64{}
	for _, s := range samples {
		if s.Failure != "" || s.US == 0 {
			continue
		}
		if _, has := first[s.Asked]; !has {
			first[s.Asked] = float64(s.US)
			continue
		}
		later[s.Asked] = append(later[s.Asked], float64(s.US))
	}
	var changes []float64
	for length, times := range later {
		slices.Sort(times)
		changes = append(changes, math.Log(times[len(times)/2]/first[length]))
	}
	if len(changes) == 0 {
		return 0, false
	}
	p, tested := stat.Wilcoxon(changes)
	slices.Sort(changes)
	by = math.Expm1(changes[len(changes)/2])
	return by, tested && p < byChance && math.Abs(by) > matters
}
