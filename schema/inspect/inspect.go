package inspect

import (
	"context"
	"fmt"
	"iter"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/schema"
)

// reader gathers a Summary from a file's batches.
type reader struct {
	s             Summary
	columns       []counted
	arrivals      arrivalCounter
	input, output lengthCounter
}

// counted is a column and what counts it.
type counted struct {
	name string
	add  func(arrow.Array)
}

func newReader(f *schema.File) *reader {
	r := &reader{s: Summary{
		File: f.Path(), Journal: f.NumRows() < 0, Bytes: f.Size(), Footer: f.Meta(), Columns: []Column{},
		Phases: Tally{}, Outcomes: Tally{}, APIs: Tally{}, RequestModels: Tally{}, ResponseModels: Tally{}, Targets: Tally{},
		TokenSources: Tally{}, Recorded: Tally{},
	}}
	r.columns = []counted{
		{"start_time", r.addStarts},
		{"phase", tally(r.s.Phases)},
		{"outcome", tally(r.s.Outcomes)},
		{"api", tally(r.s.APIs)},
		{"request_model", tally(r.s.RequestModels)},
		{"response_model", tally(r.s.ResponseModels)},
		{"target", tally(r.s.Targets)},
		{"token_source", tally(r.s.TokenSources)},
		{"recorded", tally(r.s.Recorded)},
		{"input_tokens", lengths(&r.input)},
		{"output_tokens", lengths(&r.output)},
	}
	return r
}

// Inspect says what is in a file. One without rows is no error here.
func Inspect(ctx context.Context, f *schema.File) (*Summary, error) {
	for s, err := range Each(ctx, &schema.Archive{Files: []*schema.File{f}}, schema.Selection{}) {
		return s, err
	}
	panic("inspect: a file without a summary")
}

// Each says what is in each file of an archive, of the rows that are selected;
// offsets of the selection count from the first row of all files. It reads what
// it counts, and no other column. An error ends the sequence.
func Each(ctx context.Context, a *schema.Archive, selection schema.Selection) iter.Seq2[*Summary, error] {
	return func(yield func(*Summary, error) bool) {
		at := 0
		r := newReader(a.Files[at])
		q := schema.Query{Selection: selection}
		for _, c := range r.columns {
			q.Columns = append(q.Columns, c.name)
		}
		q.Columns = append(q.Columns, "chunk_kind", "chunk_tokens")
		for batch, err := range a.Batches(ctx, q) {
			if err != nil {
				yield(nil, fmt.Errorf("inspect: %w", err))
				return
			}
			for ; batch.File != a.Files[at]; at++ { // which is complete, or has no such rows
				if !yield(r.summary(a.Files[at], selection), nil) {
					return
				}
				r = newReader(a.Files[at+1])
			}
			r.add(batch)
		}
		for ; yield(r.summary(a.Files[at], selection), nil) && at+1 < len(a.Files); at++ {
			r = newReader(a.Files[at+1])
		}
	}
}

func (r *reader) add(batch schema.Batch) {
	r.s.Rows += batch.NumRows()
	for i, c := range r.columns {
		c.add(batch.Column(i))
	}
	n := len(r.columns)
	r.addChunks(batch.Column(n).(*array.List), batch.Column(n+1).(*array.List))
}

func (r *reader) summary(f *schema.File, selection schema.Selection) *Summary {
	r.s.Arrivals = r.arrivals.arrivals()
	r.s.InputTokens, r.s.OutputTokens = r.input.lengths(), r.output.lengths()
	if r.s.Selection = selection.String(); r.s.Selection != "" && !r.s.Journal {
		r.s.FileRows = new(f.NumRows())
	}
	r.s.sizes(f)
	return &r.s
}

func tally(t Tally) func(arrow.Array) {
	return func(a arrow.Array) { t.add(a.(*array.String)) }
}

func lengths(c *lengthCounter) func(arrow.Array) {
	return func(a arrow.Array) {
		values := a.(*array.Int64)
		for row := range values.Len() {
			if values.IsNull(row) {
				c.unknown++
			} else {
				c.add(values.Value(row))
			}
		}
	}
}

func (r *reader) addStarts(a arrow.Array) {
	for _, start := range a.(*array.Timestamp).TimestampValues() {
		r.arrivals.add(int64(start))
	}
}

// addChunks counts events and tokens row by row: a row either knows the tokens
// of all its events or of none.
func (r *reader) addChunks(kinds, tokens *array.List) {
	kind, count := kinds.ListValues().(*array.Int8).Int8Values(), tokens.ListValues().(*array.Int32).Int32Values()
	for row := range kinds.Len() {
		from, to := kinds.ValueOffsets(row)
		r.s.Chunks += to - from
		if first, end := tokens.ValueOffsets(row); first < end {
			for _, n := range count[first:end] {
				r.s.Tokens += int64(n)
			}
			continue
		}
		for _, k := range kind[from:to] {
			if k <= schema.KindRefusal { // content, reasoning, tool, refusal: the kinds that carry tokens
				r.s.Tokens++
			}
		}
	}
}
