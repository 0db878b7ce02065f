package generate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// traceRow is a row of a trace, of which many are held.
type traceRow struct {
	us int64
	tableRow
}

// openTrace has the arrivals of another trace, from its first one on, with the
// lengths of the same rows.
func openTrace(s *spec, _ env) process {
	p := process{next: func() (arrival, bool) { return arrival{}, false }, rate: math.NaN(), cv: math.NaN(), paired: true}
	if s.err != nil {
		return p
	}
	var rows []traceRow
	err := eachRow(s.path, func(startUS int64, p pair) { rows = append(rows, traceRow{startUS, p.short()}) })
	if err == nil && len(rows) == 0 {
		err = errors.New("it has no rows")
	}
	if err != nil {
		s.err = fmt.Errorf("--arrival: read trace %q: %w", s.path, err)
		return p
	}
	slices.SortStableFunc(rows, func(a, b traceRow) int { return cmp.Compare(a.us, b.us) }) // of several files
	firstUS, n := rows[0].us, 0
	p.next = func() (arrival, bool) {
		if n == len(rows) {
			return arrival{}, false
		}
		row := rows[n]
		n++
		return arrival{us: row.us - firstUS, pair: row.pair()}, true
	}
	return p
}
