// Package demand says what a trace asks of a server: when requests come, how
// bursty, how long they are, how they hang together, and how much of them a prefix
// cache could have had. Nothing in it needs an answer.
//
// Measure reads the columns that say so, once, and gives a Workload, which
// prints as text with charts or as JSON. Each part of it is one file: what it
// says, and what gathers it.
package demand
