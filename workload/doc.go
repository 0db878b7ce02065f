// Package workload makes traces that were not captured, and request bodies for
// traces that carry none.
//
// Outside files come in through an Importer: input (bytes, unpacked and
// digested on the way) -> lines -> a format's source (one row at a time) ->
// schema.Writer, whose seal sorts by start time. A format is one file here and
// one line in Formats. Rows of a trace become bodies through a Prompter:
// package prompt spells their texts, Learn fits them to a target, Conversation goes on
// from the turns before.
package workload
