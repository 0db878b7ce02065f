package replay

import "slices"

// sent is a request that was written: when it could leave, and how much later
// it was with the kernel, us.
type sent struct{ dueUS, lagUS int64 }

const (
	driftGroups = 20 // enough for a trend, few enough to compare each with each
	driftFewest = 20 // requests below which a trend is chance
)

// drift is how much the send lag grew over the run, us: the slope of its trend
// times the time from the first due moment to the last. The requests, in order of
// the schedule, are cut into groups of like number; the slope is the median
// over all pairs of groups of how their median lags differ for the time between
// them (Theil and Sen). So neither a stall in the middle nor the first dials are
// taken for a drift. ok is false of too few requests, or of one moment.
func drift(sends []sent) (us int64, ok bool) {
	if len(sends) < driftFewest {
		return 0, false
	}
	var at, lag []float64
	for i := range driftGroups {
		group := sends[i*len(sends)/driftGroups : (i+1)*len(sends)/driftGroups]
		at = append(at, medianOf(group, func(s sent) int64 { return s.dueUS }))
		lag = append(lag, medianOf(group, func(s sent) int64 { return s.lagUS }))
	}
	var slopes []float64
	for i := range at {
		for j := range i {
			if at[i] > at[j] {
				slopes = append(slopes, (lag[i]-lag[j])/(at[i]-at[j]))
			}
		}
	}
	if len(slopes) == 0 {
		return 0, false
	}
	slices.Sort(slopes)
	slope := (slopes[(len(slopes)-1)/2] + slopes[len(slopes)/2]) / 2
	return int64(slope * float64(sends[len(sends)-1].dueUS-sends[0].dueUS)), true
}

// medianOf is the median of a value of requests, of which there is at least one.
func medianOf(sends []sent, value func(sent) int64) float64 {
	values := make([]int64, len(sends))
	for i, s := range sends {
		values[i] = value(s)
	}
	slices.Sort(values)
	return float64(values[(len(values)-1)/2]+values[len(values)/2]) / 2
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
