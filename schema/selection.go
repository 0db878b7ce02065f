package schema

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Selection is the rows that a question is about: a window of time and
// conditions. The zero value is every row.
type Selection struct {
	Where    Where
	From, To Moment // a row at From is in, one at To is not
}

// Moment is a point of a trace: a wall time, or an offset from its first
// start_time. The zero value is no bound.
type Moment struct {
	text string // as it was written; "" is no bound
	wall bool
	us   int64 // since the Unix epoch, or since the first start_time
}

// Offset is the moment this long after the first start_time.
func Offset(d time.Duration) Moment { return Moment{text: d.String(), us: d.Microseconds()} }

// ParseMoment reads an offset such as 90s or 1h30m, or a wall time such as
// 2026-11-24T10:00:00Z. "" is no bound.
func ParseMoment(text string) (Moment, error) {
	if text == "" {
		return Moment{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		if d < 0 {
			return Moment{}, fmt.Errorf("%q is before the first row", text)
		}
		return Moment{text: text, us: d.Microseconds()}, nil
	}
	if !strings.Contains(text, "T") {
		return Moment{}, fmt.Errorf("%q is neither an offset such as 90s nor a time such as 2026-11-24T10:00:00Z", text)
	}
	us, err := parseWallTime(text)
	return Moment{text: text, wall: true, us: us}, err
}

// ParseSelection reads what --where, --from and --to were given.
func ParseSelection(where []string, from, to string) (s Selection, err error) {
	if s.Where, err = ParseWhere(where...); err != nil {
		return s, fmt.Errorf("--where: %w", err)
	}
	if s.From, err = ParseMoment(from); err != nil {
		return s, fmt.Errorf("--from: %w", err)
	}
	if s.To, err = ParseMoment(to); err != nil {
		return s, fmt.Errorf("--to: %w", err)
	}
	if s.From.text != "" && s.To.text != "" && s.From.wall == s.To.wall && s.To.us <= s.From.us {
		return s, fmt.Errorf("--from %s --to %s is not a window", from, to)
	}
	return s, nil
}

// IsZero reports whether every row is selected.
func (s Selection) IsZero() bool {
	return len(s.Where.conditions) == 0 && s.From.text == "" && s.To.text == ""
}

// String says what was selected, for messages and footers; "" is every row.
func (s Selection) String() string {
	var parts []string
	if s.From.text != "" {
		parts = append(parts, "from "+s.From.text)
	}
	if s.To.text != "" {
		parts = append(parts, "to "+s.To.text)
	}
	if len(s.Where.conditions) > 0 {
		parts = append(parts, "where "+s.Where.String())
	}
	return strings.Join(parts, " ")
}

// Window gives the bounds of the selection as us since the Unix epoch, the
// second exclusive, for an archive whose first start_time is firstUS.
func (s Selection) Window(firstUS int64) (fromUS, toUS int64) {
	fromUS, toUS = math.MinInt64, math.MaxInt64
	if s.From.text != "" {
		fromUS = s.From.at(firstUS)
	}
	if s.To.text != "" {
		toUS = s.To.at(firstUS)
	}
	return fromUS, toUS
}

func (m Moment) at(firstUS int64) int64 {
	switch {
	case m.wall:
		return m.us
	case m.us > math.MaxInt64-firstUS:
		return math.MaxInt64
	}
	return firstUS + m.us
}

// bind resolves the selection against an archive.
func (s Selection) bind(a *Archive) (filter, error) {
	f := filter{conditions: s.Where.conditions}
	if s.From.text == "" && s.To.text == "" {
		return f, nil
	}
	firstUS := int64(0)
	if !s.From.wall || !s.To.wall {
		var err error
		if firstUS, _, err = a.FirstStart(); err != nil {
			return f, err
		}
	}
	fromUS, toUS := s.Window(firstUS)
	start, err := filterColumn("start_time")
	if err != nil {
		return f, err
	}
	if s.From.text != "" {
		f.conditions = append([]condition{{column: start, op: ">=", us: fromUS}}, f.conditions...)
	}
	if s.To.text != "" {
		f.conditions = append([]condition{{column: start, op: "<", us: toUS}}, f.conditions...)
	}
	return f, nil
}
