package inspect

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/schema"
)

// reader gathers a Summary from a file's batches.
type reader struct {
	s             Summary
	arrivals      arrivalCounter
	input, output lengthCounter
}

// Inspect reads what it counts of a file, and no other column. A file without
// rows is no error here.
func Inspect(ctx context.Context, f *schema.File) (*Summary, error) {
	r := &reader{s: Summary{
		File: f.Path(), Journal: f.NumRows() < 0, Bytes: f.Size(), Footer: f.Meta(), Columns: []Column{},
		Phases: Tally{}, Outcomes: Tally{}, APIs: Tally{}, RequestModels: Tally{}, ResponseModels: Tally{}, Targets: Tally{},
		TokenSources: Tally{}, Recorded: Tally{},
	}}
	columns := []struct {
		name string
		add  func(arrow.Array)
	}{
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
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	for batch, err := range f.Batches(append(names, "chunk_kind", "chunk_tokens")...) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("inspect: %w", err)
		}
		r.s.Rows += batch.NumRows()
		for i, c := range columns {
			c.add(batch.Column(i))
		}
		r.addChunks(batch.Column(len(columns)).(*array.List), batch.Column(len(columns)+1).(*array.List))
	}
	r.s.Arrivals = r.arrivals.arrivals()
	r.s.InputTokens, r.s.OutputTokens = r.input.lengths(), r.output.lengths()
	r.s.sizes(f)
	return &r.s, nil
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
