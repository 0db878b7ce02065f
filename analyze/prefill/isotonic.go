package prefill

import (
	"math"
	"slices"
)

// maxKnots bounds the line, and how many points share a knot: neighbours in
// length, so that noise does not make a step of each.
const maxKnots = 64

// block is some neighbouring points as one.
type block struct {
	tokens, us float64 // their mean length, and the time that stands for them
	points     float64
}

// rising is the line through the points that never falls: neighbours are pooled
// as long as the later is the faster (pool adjacent violators).
func rising(points []Point, quantile float64) []Point {
	var line []block
	for _, next := range blocks(points, quantile) {
		for len(line) > 0 && line[len(line)-1].us >= next.us {
			last := line[len(line)-1]
			line = line[:len(line)-1]
			n := last.points + next.points
			next = block{(last.tokens*last.points + next.tokens*next.points) / n, (last.us*last.points + next.us*next.points) / n, n}
		}
		line = append(line, next)
	}
	var knots []Point
	for _, b := range line {
		k := Point{max(1, int64(math.Round(b.tokens))), int64(math.Round(b.us))}
		if len(knots) > 0 && knots[len(knots)-1].Tokens == k.Tokens {
			continue
		}
		knots = append(knots, k)
	}
	return knots
}

// blocks cuts points, sorted by length, into at most maxKnots, never between two of one
// length.
func blocks(points []Point, quantile float64) []block {
	var out []block
	least := (len(points) + maxKnots - 1) / maxKnots
	for from := 0; from < len(points); {
		to := min(from+least, len(points))
		for to < len(points) && points[to].Tokens == points[to-1].Tokens {
			to++
		}
		var b block
		var times []int64
		for _, p := range points[from:to] {
			b.tokens += float64(p.Tokens)
			times = append(times, p.US)
		}
		slices.Sort(times)
		b.points = float64(to - from)
		b.tokens /= b.points
		b.us = float64(times[int(math.Ceil(quantile*b.points))-1])
		out = append(out, b)
		from = to
	}
	return out
}

// lineIsBetter reports whether the line tells every second block from the others
// better than the curve does. Blocks at the ends have nobody beyond them and
// are not asked.
func lineIsBetter(points []Point) bool {
	all := blocks(points, 0.5)
	var curveOff, lineOff []float64
	for odd := range 2 {
		var known []Point
		for i, b := range all {
			if i%2 == odd {
				known = append(known, Point{int64(math.Round(b.tokens)), int64(math.Round(b.us))})
			}
		}
		if len(known) < minLengths {
			return false
		}
		curve, line := leastSquares(known), &Model{Knots: rising(known, 0.5)}
		for i := 1; i < len(all)-1; i++ {
			if i%2 == odd {
				continue
			}
			curveOff = append(curveOff, math.Abs(curve.at(all[i].tokens)-all[i].us)/all[i].us)
			lineOff = append(lineOff, math.Abs(line.between(all[i].tokens)-all[i].us)/all[i].us)
		}
	}
	slices.Sort(curveOff)
	slices.Sort(lineOff)
	return lineOff[len(lineOff)/2] < curveOff[len(curveOff)/2]
}
