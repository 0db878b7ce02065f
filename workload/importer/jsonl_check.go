package importer

import (
	"fmt"
	"slices"
	"strings"

	"metron/internal/term"
	"metron/schema"
)

// checkRow is Record.Check and the columns that take one of a few words.
func checkRow(r *schema.Record) error {
	for _, c := range []struct {
		name, value string
		words       []string
	}{
		{"outcome", r.Outcome, schema.Outcomes()},
		{"phase", r.Phase, []string{schema.PhaseWarmup, schema.PhaseMeasure, schema.PhaseCooldown}},
		{"token_source", r.TokenSource, []string{schema.TokenSourceUsage, schema.TokenSourceTokenIDs, schema.TokenSourceLogprobs,
			schema.TokenSourceTokenizer, schema.TokenSourceChunks, schema.TokenSourceTrace}},
		{"recorded", r.Recorded, []string{schema.RecordedContent, schema.RecordedHash, schema.RecordedLengths}},
		{"block_unit", r.BlockUnit, []string{"", "tokens", "bytes"}},
		{"overload", r.Overload, []string{"", "queued", "shed", "aborted"}},
	} {
		if !slices.Contains(c.words, c.value) {
			words := slices.DeleteFunc(c.words, func(w string) bool { return w == "" })
			return schema.DidYouMean(fmt.Errorf("key %q: %q is none of %s", c.name, c.value, strings.Join(words, ", ")), c.value, words)
		}
	}
	return r.Check()
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
