// Package compare says whether two runs differ, by how much, and how sure that is.
//
// Each run is analyzed as a whole, and the values of its requests are kept (run.go).
// Where both replayed one trace, requests are compared with themselves (pairs.go);
// each number of each metric then becomes a Delta with its interval, each metric a
// test, corrected for their number (difference.go, delta.go, judge.go). Gates (gate.go)
// turn deltas into an exit status. Start with Compare.
package compare
