// Package inspect says what is in a trace or run: how many rows over which
// time, whose models and outcomes, how long, and what each token costs on disk;
// and whether the file is sound.
//
// Each reads only the columns that it counts, batch by batch, and yields a
// Summary a file that prints as text or JSON; Inspect does so for one file.
// Verifier reads everything and holds it against rules, which stand in tables:
// a new one is a method and a line. What a trace asks of a server, the package
// demand measures. The package stands beneath schema and apart from it, so that schema itself knows no command line.
package inspect
