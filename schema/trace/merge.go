package trace

import (
	"context"

	"metron/schema"
)

// Merge writes the rows of several files into one. Fill the fields, then call
// Run once.
type Merge struct{ Job }

// Run writes Out.
func (m *Merge) Run(ctx context.Context) (*Report, error) {
	return m.run(ctx, verb{
		name:   "merge",
		footer: func(in *union, c Counts) (schema.Meta, error) { return in.footer("merge", map[string]any{}, c) },
		edit:   func(*schema.Record) (bool, error) { return true, nil },
	})
}
