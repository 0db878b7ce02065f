// Package workload makes request bodies for traces that carry none: rows of a
// trace become bodies through a Prompter. Traces that were not captured come
// from the packages beneath it.
package workload
