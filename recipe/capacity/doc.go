// Package capacity finds how many requests a second a server takes within an SLO, over
// HTTP, and keeps every run that it makes.
//
// Package search decides which run would say most; here that run is made and judged. A
// bench (bench.go) is one build, one workload and how it is asked: make.go replays one run of it
// into a file and stops it where its queue only grows, judge.go asks a file for what the
// search wants to know, hunt.go goes on until the search has what it wants. What decides a
// run stands in its footer (stamp.go), so that a folder of runs (store.go) is all the state
// there is: a search with another SLO, or one after a crash, begins with the runs that
// are there.
//
// offline.go asks runs of any origin; matrix.go and what stands beside it does the whole
// for targets x workloads x SLOs and starts the targets itself.
package capacity
