// Package importer turns outside files into traces.
//
// An Import reads input (bytes, unpacked and digested on the way) -> lines, a
// table or the elements of a JSON text -> a format's source (one row at a time) ->
// schema.Builder, which sorts by start time -> a spread, where one is asked for. A
// format is one file here and one line in Formats; detect tells them apart.
package importer
