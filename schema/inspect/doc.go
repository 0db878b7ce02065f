// Package inspect says what is in a trace or run: how many rows over which
// time, whose models and outcomes, how long, and what each token costs on disk.
//
// Inspect reads only the columns that it counts, batch by batch, and returns a
// Summary that prints as text or JSON. It stands beneath schema and apart from
// it, so that schema itself knows no command line.
package inspect
