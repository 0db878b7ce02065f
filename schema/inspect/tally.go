package inspect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/internal/term"
)

// Tally counts the rows of each value of a text column; rows without one are
// not in it.
type Tally map[string]int64

// add counts a batch's column. Values repeat from row to row, so the map is
// asked only when one changes.
func (t Tally) add(a *array.String) {
	last, n := "", int64(0)
	for row := range a.Len() {
		if a.IsNull(row) || a.Value(row) == "" {
			continue
		}
		if v := a.Value(row); v != last {
			t.count(last, n)
			last, n = v, 0
		}
		n++
	}
	t.count(last, n)
}

func (t Tally) count(v string, n int64) {
	if n > 0 {
		t[strings.Clone(v)] += n // the batch's memory goes away
	}
}

// names lists the values, the most frequent first.
func (t Tally) names() []string {
	return slices.SortedFunc(maps.Keys(t), func(a, b string) int {
		return cmp.Or(cmp.Compare(t[b], t[a]), cmp.Compare(a, b))
	})
}

// shownValues is how many values of a column the text shows.
const shownValues = 8

// String is the most frequent values on one line: "ok 12, http_error 3".
func (t Tally) String() string {
	names := t.names()
	var parts []string
	for _, name := range names[:min(shownValues, len(names))] {
		parts = append(parts, fmt.Sprintf("%s %s", name, term.Count(t[name])))
	}
	if n := len(names) - shownValues; n > 0 {
		parts = append(parts, fmt.Sprintf("and %s more", term.Count(int64(n))))
	}
	return strings.Join(parts, ", ")
}
