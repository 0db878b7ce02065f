// Package importer turns outside files into traces.
//
// An Import reads input (bytes, unpacked and digested on the way) -> lines -> a
// format's source (one row at a time) -> schema.Writer, whose seal sorts by start
// time. A format is one file here and one line in Formats.
package importer
