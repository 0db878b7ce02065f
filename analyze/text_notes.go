package analyze

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"metron/internal/term"
)

// notes are the footnotes: warnings, and the rows that metrics left out.
func (r *Result) notes(paint term.Paint) []string {
	var notes []string
	for _, w := range r.Warnings {
		notes = append(notes, paint.Doubt("!")+" "+w.Message)
	}
	// Which metrics a reason took as many rows from, and which reasons took from the
	// same metrics.
	var order []string
	shown, rows := r.shown(), map[string][]string{} // by the names of the metrics
	for _, why := range reasons() {
		labels := map[int64][]string{}
		for _, m := range shown {
			if n := m.LeftOut[why]; n > 0 {
				labels[n] = append(labels[n], m.label)
			}
		}
		for _, n := range slices.Sorted(maps.Keys(labels)) {
			names := strings.Join(labels[n], ", ")
			if len(labels[n]) == len(shown) {
				names = "every metric"
			}
			if rows[names] == nil {
				order = append(order, names)
			}
			rows[names] = append(rows[names], term.Count(n)+" "+why.phrase())
		}
	}
	for _, names := range order {
		notes = append(notes, fmt.Sprintf("  left out of %s: %s", names, strings.Join(rows[names], ", ")))
	}
	return notes
}
