package inspect

import (
	"fmt"
	"maps"
	"slices"

	"metron/internal/term"
	"metron/schema/inspect/demand"
)

// denseLengths is how many lengths from 0 up are counted in a slice; longer
// ones, which few requests have, in a map.
const denseLengths = 1 << 16

// Lengths says how long the inputs or outputs of the rows are, in tokens.
// Percentiles are exact, by nearest rank.
type Lengths struct {
	Count   int64  `json:"count"`
	Unknown int64  `json:"unknown"` // rows that do not say
	Total   int64  `json:"total"`
	Min     *int64 `json:"min"` // null, as the rest, when Count is 0
	P50     *int64 `json:"p50"`
	P90     *int64 `json:"p90"`
	P99     *int64 `json:"p99"`
	Max     *int64 `json:"max"`
}

// String is the lengths on one line.
func (l Lengths) String() string {
	if l.Count == 0 {
		return "unknown"
	}
	s := fmt.Sprintf("p50 %s  p90 %s  p99 %s  max %s  total %s", term.Count(*l.P50), term.Count(*l.P90), term.Count(*l.P99),
		term.Count(*l.Max), term.Count(l.Total))
	if l.Unknown > 0 {
		s += fmt.Sprintf("  (unknown in %s)", term.Plural(l.Unknown, "row", "rows"))
	}
	return s
}

// lengthCounter counts how often each length occurred. Its zero value is ready
// to use; its memory depends on the longest length, not on the rows.
type lengthCounter struct {
	count, unknown, total int64
	dense                 []int64
	long                  map[int64]int64
}

func (c *lengthCounter) add(v int64) {
	c.count++
	c.total += v
	if v < 0 || v >= denseLengths {
		if c.long == nil {
			c.long = map[int64]int64{}
		}
		c.long[v]++
		return
	}
	if int(v) >= len(c.dense) {
		c.dense = append(c.dense, make([]int64, int(v)+1-len(c.dense))...)
	}
	c.dense[v]++
}

func (c *lengthCounter) lengths() Lengths {
	l := Lengths{Count: c.count, Unknown: c.unknown, Total: c.total}
	if c.count == 0 {
		return l
	}
	at := c.ranks(1, demand.Rank(50, c.count), demand.Rank(90, c.count), demand.Rank(99, c.count), c.count)
	l.Min, l.P50, l.P90, l.P99, l.Max = &at[0], &at[1], &at[2], &at[3], &at[4]
	return l
}

// ranks gives the values at ascending 1-based ranks.
func (c *lengthCounter) ranks(ranks ...int64) []int64 {
	var out []int64
	seen := int64(0)
	take := func(v, n int64) {
		seen += n
		for len(out) < len(ranks) && ranks[len(out)] <= seen {
			out = append(out, v)
		}
	}
	long := slices.Sorted(maps.Keys(c.long))
	split, _ := slices.BinarySearch(long, 0) // lengths below 0 are refused on the way in, but a file may be foreign
	for _, v := range long[:split] {
		take(v, c.long[v])
	}
	for v, n := range c.dense {
		take(int64(v), n)
	}
	for _, v := range long[split:] {
		take(v, c.long[v])
	}
	return out
}
