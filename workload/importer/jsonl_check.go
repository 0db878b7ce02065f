package importer

import (
	"fmt"
	"slices"
	"strings"

	"metron/internal/term"
	"metron/schema"
)

// checkWords checks the columns that take one of a few words; those that may be
// empty are where they are missing. An api may be one that is yet to come.
func checkWords(r *schema.Record) error {
	for _, c := range []struct{ name, value string }{
		{"outcome", r.Outcome}, {"phase", r.Phase}, {"token_source", r.TokenSource}, {"recorded", r.Recorded},
		{"block_unit", r.BlockUnit}, {"overload", r.Overload},
	} {
		if words := schema.Words(c.name); c.value != "" && !slices.Contains(words, c.value) {
			return schema.DidYouMean(fmt.Errorf("key %q: %q is none of %s", c.name, c.value, strings.Join(words, ", ")), c.value, words)
		}
	}
	return nil
}

// unknownKey is an error rather than a shrug: a misspelled column would be
// missing from every number.
func unknownKey(key string) error {
	err := fmt.Errorf("unknown key %q", key)
	if schema.Nearest(key, schema.ColumnNames()) != "" {
		return schema.DidYouMean(err, key, schema.ColumnNames())
	}
	return term.WithHint(err, "`metron import jsonl --help` lists the keys")
}
