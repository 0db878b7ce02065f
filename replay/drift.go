package replay

import (
	"slices"

	"metron/internal/trend"
)

// sent is a request that was written: when it could leave, and how much later
// it was with the kernel, us.
type sent struct{ dueUS, lagUS int64 }

// drift is how much the send lag of requests, in order of the schedule, grew over
// the run, us. ok is false of too few requests, or of one moment.
func drift(sends []sent) (us int64, ok bool) {
	points := make([]trend.Point, len(sends))
	for i, s := range sends {
		points[i] = trend.Point{At: s.dueUS, Value: s.lagUS}
	}
	return trend.Growth(points)
}

// lagsOf are the send lags, sorted.
func lagsOf(sends []sent) []int64 {
	lags := make([]int64, len(sends))
	for i, s := range sends {
		lags[i] = s.lagUS
	}
	slices.Sort(lags)
	return lags
}

// gapErrors are how far the gaps between sends, in order of the schedule, were
// from the planned ones, either way, sorted: what two neighbours' lags differ by.
func gapErrors(sends []sent) []int64 {
	var errors []int64
	for i := 1; i < len(sends); i++ {
		d := sends[i].lagUS - sends[i-1].lagUS
		errors = append(errors, max(d, -d))
	}
	slices.Sort(errors)
	return errors
}
