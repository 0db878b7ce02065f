// Package trace is `metron trace`: it cuts, joins and hides the rows of traces
// and runs, and writes a file of the same kind; or exports them to another, by the
// table of Formats in export.go.
//
// The verbs share a Job: files in, one file out. A union (union.go) reads the
// files as one, whole rows by start_time; a verb keeps, drops or changes each
// row (slice.go, anonymize.go; merge changes none); and the schema's writer takes
// what is left. Memory is a batch of each file that is open, beside 20 bytes a row
// where there are several files: their record_ids, to find those that clash.
package trace
