// Package recipe joins the other packages into whole jobs.
//
// Demo is the first: simulated server A, traffic through capture, the captured
// trace replayed against simulated server B, both analyzed and compared. Bench makes a
// load, replays and analyzes it; profile measures prefill.
// DrawWorkload lends the plots of analyze to inspection.
package recipe
