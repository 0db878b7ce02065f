package analyze

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"

	"metron/internal/term"
	"metron/schema"
)

// Progress is how far an analysis is. Its methods may be called while it goes on; the
// zero value is ready to use.
type Progress struct {
	// OnRows, if not nil, is told of the rows of each batch of the pass that reads most.
	OnRows func(rows int64)

	passes    atomic.Int64
	row, rows atomic.Int64 // of this pass; rows is below 0 where a file does not tell
}

// Line says it to a person: "reading row 1,200,000 of 9,000,000, pass 2".
func (p *Progress) Line() string {
	passes, row, rows := p.passes.Load(), p.row.Load(), p.rows.Load()
	if passes == 0 {
		return "opening"
	}
	line := "reading row " + term.Count(row)
	if rows >= 0 {
		line += " of " + term.Count(rows)
	}
	if passes > 1 {
		line += fmt.Sprintf(", pass %d", passes)
	}
	return line
}

// batches is one pass over the selected rows, of which Progress is told.
func (c *Config) batches(ctx context.Context, a *schema.Archive, columns []string) iter.Seq2[schema.Batch, error] {
	return c.scan(ctx, a, schema.Query{Columns: columns, Selection: c.Selection})
}

func (c *Config) scan(ctx context.Context, a *schema.Archive, q schema.Query) iter.Seq2[schema.Batch, error] {
	all := a.Batches(ctx, q)
	p := c.Progress
	if p == nil {
		return all
	}
	return func(yield func(schema.Batch, error) bool) {
		p.row.Store(0)
		p.rows.Store(a.NumRows())
		p.passes.Add(1)
		var file *schema.File
		before := int64(0) // rows of the files before this one
		for b, err := range all {
			if err == nil && b.File != file {
				before = rowsBefore(a, b.File)
				file = b.File
			}
			if !yield(b, err) {
				return
			}
			if n := int(b.NumRows()); err == nil && n > 0 {
				p.row.Store(before + b.Row(n-1) + 1)
			}
		}
		p.row.Store(max(p.row.Load(), p.rows.Load()))
	}
}

func rowsBefore(a *schema.Archive, file *schema.File) (rows int64) {
	for _, f := range a.Files {
		if f == file {
			break
		}
		rows += max(0, f.NumRows())
	}
	return rows
}
