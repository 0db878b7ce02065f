// Package trend says how much something grew over a time, such as the send lag of a
// run, so that replay's verdict and analysis judge alike. It imports nothing of ours.
package trend

import "slices"

// Point is a value at a moment.
type Point struct{ At, Value int64 }

// Fewest is how many points a trend needs: of fewer it is chance.
const Fewest = 20

const groups = 20 // enough for a trend, few enough to compare each with each

// Growth is how much the values grew: the slope of their trend times the time from
// the first point to the last. The points, in order of time, are cut into groups
// of like number; the slope is the median over all pairs of groups of how their
// median values differ for the time between them (Theil and Sen). So neither a few
// large values in the middle nor the first ones are taken for growth. ok is false of
// too few points, or of one moment.
func Growth(points []Point) (by int64, ok bool) {
	if len(points) < Fewest {
		return 0, false
	}
	var at, value []float64
	for i := range groups {
		group := points[i*len(points)/groups : (i+1)*len(points)/groups]
		at = append(at, median(group, func(p Point) int64 { return p.At }))
		value = append(value, median(group, func(p Point) int64 { return p.Value }))
	}
	var slopes []float64
	for i := range at {
		for j := range i {
			if at[i] > at[j] {
				slopes = append(slopes, (value[i]-value[j])/(at[i]-at[j]))
			}
		}
	}
	if len(slopes) == 0 {
		return 0, false
	}
	slices.Sort(slopes)
	slope := (slopes[(len(slopes)-1)/2] + slopes[len(slopes)/2]) / 2
	return int64(slope * float64(points[len(points)-1].At-points[0].At)), true
}

// median is that of one of the numbers of points, of which there is at least one.
func median(points []Point, number func(Point) int64) float64 {
	numbers := make([]int64, len(points))
	for i, p := range points {
		numbers[i] = number(p)
	}
	slices.Sort(numbers)
	return float64(numbers[(len(numbers)-1)/2]+numbers[len(numbers)/2]) / 2
}
