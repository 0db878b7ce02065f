// Package workload makes request bodies for traces that carry none: rows of a
// trace become bodies through a Prompter. Package prompt spells their texts, Learn fits
// them to a target, Conversation goes on from the turns before. Traces that were not captured
// come from the packages beneath it.
package workload
