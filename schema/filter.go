package schema

import (
	"cmp"
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// filter is the conditions of a selection, bound to an archive.
type filter struct{ conditions []condition }

// columns are those that the conditions compare.
func (f filter) columns() []column {
	var cols []column
	for _, c := range f.conditions {
		cols = append(cols, c.column)
	}
	return cols
}

// pick gives the rows that meet every condition; nil is all of them.
func (f filter) pick(rows int, read func(column) (arrow.Array, error)) ([]int32, error) {
	if len(f.conditions) == 0 {
		return nil, nil
	}
	keep := make([]bool, rows)
	for i := range keep {
		keep[i] = true
	}
	for _, c := range f.conditions {
		a, err := read(c.column)
		if err != nil {
			return nil, err
		}
		holds := c.test(a)
		for i := range keep {
			keep[i] = keep[i] && holds(i)
		}
	}
	picked := make([]int32, 0, rows)
	for i, k := range keep {
		if k {
			picked = append(picked, int32(i))
		}
	}
	if len(picked) == rows && rows > 0 {
		return nil, nil
	}
	return picked, nil
}

// test gives the condition as a function of a row of its column.
func (c condition) test(a arrow.Array) func(row int) bool {
	if c.null {
		return func(i int) bool { return a.IsNull(i) == (c.op == "=") }
	}
	var value func(i int) bool
	switch a := a.(type) {
	case *array.String:
		seen := map[string]bool{} // few values, many rows
		value = func(i int) bool {
			text := a.Value(i)
			holds, ok := seen[text]
			if !ok {
				holds = c.matches(text)
				if len(seen) < 1<<16 {
					seen[text] = holds
				}
			}
			return holds
		}
	case *array.FixedSizeBinary:
		value = func(i int) bool { return c.matches(wordOf(arrow.FIXED_SIZE_BINARY, a.Value(i))) }
	case *array.Boolean:
		value = func(i int) bool { return (a.Value(i) == (c.us == 1)) == (c.op == "=") }
	case *array.Float64:
		value = func(i int) bool { return c.holds(cmp.Compare(a.Value(i), c.number)) }
	case *array.Timestamp:
		value = func(i int) bool { return c.holds(cmp.Compare(int64(a.Value(i)), c.us)) }
	case *array.Int64:
		value = func(i int) bool { return c.holds(cmp.Compare(a.Value(i), c.us)) }
	}
	return func(i int) bool {
		if a.IsNull(i) {
			return c.op == "!="
		}
		return value(i)
	}
}

// matches compares a text.
func (c condition) matches(text string) bool {
	for _, pattern := range c.words {
		if glob(pattern, text) {
			return c.op == "="
		}
	}
	return c.op == "!="
}

// holds says what the comparison of a value with the condition's means.
func (c condition) holds(order int) bool {
	switch c.op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// rulesOut reports whether the statistics of a row group say that no row of it
// meets the conditions.
func (f filter) rulesOut(file *File, group int) bool {
	for _, c := range f.conditions {
		leaf, ok := file.parquet.Schema().Lookup(c.column.name)
		if !ok {
			continue
		}
		meta := file.parquet.Metadata().RowGroups[group].Columns[leaf.ColumnIndex].MetaData
		if c.null || c.op == "!=" {
			continue // nulls meet "!=", and bounds leave them out
		}
		if meta.NumValues > 0 && meta.Statistics.NullCount == meta.NumValues {
			return true
		}
		lo, hi := meta.Statistics.MinValue, meta.Statistics.MaxValue
		if (len(lo) > 0 || len(hi) > 0) && !c.possible(lo, hi) {
			return true
		}
	}
	return false
}

// possible reports whether a value between lo and hi, in Parquet's plain
// encoding, can meet the condition.
func (c condition) possible(lo, hi []byte) bool {
	switch c.column.arrow.Type.ID() {
	case arrow.STRING:
		for _, pattern := range c.words {
			prefix, open := patternPrefix(pattern)
			// Bounds may be cut short, the upper one then rounded up.
			if (prefix <= string(hi) || open && prefix == "") && (open && len(prefix) <= len(lo) && prefix >= string(lo[:len(prefix)]) || prefix >= string(lo)) {
				return true
			}
		}
		return false
	case arrow.INT64, arrow.TIMESTAMP:
		if len(lo) != 8 || len(hi) != 8 {
			return true
		}
		return c.between(cmp.Compare(int64(binary.LittleEndian.Uint64(lo)), c.us), cmp.Compare(int64(binary.LittleEndian.Uint64(hi)), c.us))
	case arrow.FLOAT64:
		if len(lo) != 8 || len(hi) != 8 {
			return true
		}
		l, h := math.Float64frombits(binary.LittleEndian.Uint64(lo)), math.Float64frombits(binary.LittleEndian.Uint64(hi))
		return math.IsNaN(l) || math.IsNaN(h) || c.between(cmp.Compare(l, c.number), cmp.Compare(h, c.number))
	}
	return true
}

// between reports whether some value between two bounds can meet the
// condition, given how the bounds compare with it.
func (c condition) between(lo, hi int) bool {
	switch c.op {
	case "=":
		return lo <= 0 && hi >= 0
	case "<":
		return lo < 0
	case "<=":
		return lo <= 0
	case ">":
		return hi > 0
	case ">=":
		return hi >= 0
	}
	return true
}

// patternPrefix is the text that every match begins with; open says that more may follow.
func patternPrefix(pattern string) (prefix string, open bool) {
	for i := range len(pattern) {
		if pattern[i] == '*' {
			return pattern[:i], true
		}
	}
	return pattern, false
}
