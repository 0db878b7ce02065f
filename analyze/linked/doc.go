// Package linked holds what the linked charts of a page are drawn from: a run cut into
// bins of time (Bins), in each of which values are counted in buckets (Counts), so that
// the numbers of any window that begins and ends at bins are sums of bins; and the times
// of one request's tokens, thinned to what a screen can show (Thin).
//
// Everything is integers of microseconds, bounded in size whatever the run, and merges:
// bins of disjoint parts of the requests add up to the bins of all, whatever the order.
// Start with Bins.
package linked
