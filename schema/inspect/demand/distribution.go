package demand

import (
	"maps"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow/array"
)

// Distribution says how values are distributed. Percentiles are exact, by nearest
// rank.
type Distribution struct {
	Count   int64    `json:"count"`
	Unknown int64    `json:"unknown"` // rows that do not say, of those that could
	Mean    *float64 `json:"mean"`    // null, as the rest, when Count is 0
	P50     *float64 `json:"p50"`
	P90     *float64 `json:"p90"`
	P99     *float64 `json:"p99"`
	Max     *float64 `json:"max"`
	CDF     []Point  `json:"cdf"` // at most some hundred of its points
}

// Point is the share of values at or below one.
type Point struct {
	Value float64 `json:"value"`
	Share float64 `json:"share"`
}

// pointShare is the share of values between two points of a CDF.
const pointShare = 1.0 / 256

// values counts how often each occurred; memory grows with different ones.
type values struct {
	unknown int64
	scale   float64 // of what is shown; 0: 1
	times   map[int64]int64
}

func (v *values) add(value int64) {
	if v.times == nil {
		v.times = map[int64]int64{}
	}
	v.times[value]++
}

func (v *values) addAt(column *array.Int64, row int) {
	if column.IsNull(row) {
		v.unknown++
		return
	}
	v.add(column.Value(row))
}

func (v *values) distribution() Distribution {
	d := Distribution{Unknown: v.unknown, CDF: []Point{}}
	scale := v.scale
	if scale == 0 {
		scale = 1
	}
	for _, n := range v.times {
		d.Count += n
	}
	if d.Count == 0 {
		return d
	}
	ranks := []struct {
		rank int64
		to   **float64
	}{{Rank(50, d.Count), &d.P50}, {Rank(90, d.Count), &d.P90}, {Rank(99, d.Count), &d.P99}, {d.Count, &d.Max}}
	sum, seen, shown := 0.0, int64(0), math.Inf(-1)
	for _, value := range slices.Sorted(maps.Keys(v.times)) {
		n, x := v.times[value], float64(value)*scale
		sum += x * float64(n)
		seen += n
		for len(ranks) > 0 && ranks[0].rank <= seen {
			*ranks[0].to = &x
			ranks = ranks[1:]
		}
		if share := float64(seen) / float64(d.Count); share-shown >= pointShare || seen == d.Count {
			d.CDF = append(d.CDF, Point{x, share})
			shown = share
		}
	}
	d.Mean = new(sum / float64(d.Count))
	return d
}

// Rank is the nearest rank of a percentile: ceil(percent/100 * n).
func Rank(percent, n int64) int64 { return n/100*percent + (n%100*percent+99)/100 }
