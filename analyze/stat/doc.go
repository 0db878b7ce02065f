// Package stat holds the statistics that say how sure a number of analyze is:
// confidence intervals of quantiles (quantile.go) and of the difference of two runs
// (bootstrap.go, mover.go), tests of whether two runs differ at all (rank.go, smirnov.go,
// holm.go), and where a run becomes steady (steady.go).
//
// Everything is a pure function over float64 values, whatever their unit, gives the
// same answer for the same values, and names the source of its formula. NaN is not a
// value: callers leave such rows out.
package stat
