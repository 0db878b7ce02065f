package analyze

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/uuid"

	"metron/schema"
)

// columnNames are the columns that metrics are computed from, in the order that
// view takes them.
func columnNames() []string {
	return []string{
		"record_id", "source_record_id", "start_time", "phase", "outcome", "request_model", "token_source", "stream",
		"input_tokens", "output_tokens", "reasoning_tokens", "dispatched", "wrote", "end", "client_abort",
		"chunk_time", "chunk_kind", "chunk_tokens", "chunk_choice", "chunk_read", "api", "ready",
	}
}

// maybe is a value that may be unknown.
type maybe[T any] struct {
	value T
	ok    bool
}

func just[T any](v T) maybe[T] { return maybe[T]{v, true} }

// row is one row of a batch, sharing the batch's memory.
type row struct {
	recordID, sourceID                   uuid.UUID
	startTime                            int64
	phase, outcome, model, tokenSource   string
	api                                  string
	stream                               bool
	inputTokens, outputTokens, reasoning maybe[int64]
	dispatched, wrote, end, clientAbort  maybe[int64]
	ready                                maybe[int64]
	chunkTime                            []int64
	chunkKind                            []int8
	chunkTokens                          []int32 // empty: unknown
	chunkChoice                          []int16 // empty: one choice
	chunkRead                            []int32 // empty: unknown
}

// view is a batch with its columns at hand.
type view struct {
	batch                                schema.Batch
	rows                                 int
	recordID, sourceID                   *array.FixedSizeBinary
	startTime                            *array.Timestamp
	phase, outcome, model, tokenSource   *array.String
	api                                  *array.String
	stream                               *array.Boolean
	inputTokens, outputTokens, reasoning *array.Int64
	dispatched, wrote, end, clientAbort  *array.Int64
	ready                                *array.Int64
	chunkTime                            lists[int64]
	chunkKind                            lists[int8]
	chunkTokens, chunkRead               lists[int32]
	chunkChoice                          lists[int16]
}

// newView finds the columns of columnNames in a batch.
func newView(b schema.Batch) (v view, err error) {
	v.batch = b
	v.rows = int(b.NumRows())
	c := columnReader{batch: b}
	v.recordID = take[*array.FixedSizeBinary](&c)
	v.sourceID = take[*array.FixedSizeBinary](&c)
	v.startTime = take[*array.Timestamp](&c)
	v.phase = take[*array.String](&c)
	v.outcome = take[*array.String](&c)
	v.model = take[*array.String](&c)
	v.tokenSource = take[*array.String](&c)
	v.stream = take[*array.Boolean](&c)
	v.inputTokens = take[*array.Int64](&c)
	v.outputTokens = take[*array.Int64](&c)
	v.reasoning = take[*array.Int64](&c)
	v.dispatched = take[*array.Int64](&c)
	v.wrote = take[*array.Int64](&c)
	v.end = take[*array.Int64](&c)
	v.clientAbort = take[*array.Int64](&c)
	v.chunkTime = takeLists(&c, (*array.Int64).Int64Values)
	v.chunkKind = takeLists(&c, (*array.Int8).Int8Values)
	v.chunkTokens = takeLists(&c, (*array.Int32).Int32Values)
	v.chunkChoice = takeLists(&c, (*array.Int16).Int16Values)
	v.chunkRead = takeLists(&c, (*array.Int32).Int32Values)
	v.api = take[*array.String](&c)
	v.ready = take[*array.Int64](&c)
	return v, c.err
}

// columnReader hands out the columns of a batch in order and keeps the first error.
type columnReader struct {
	batch arrow.Record
	next  int
	err   error
}

func take[A arrow.Array](c *columnReader) A {
	column, ok := c.batch.Column(c.next).(A)
	if !ok && c.err == nil {
		c.err = fmt.Errorf("column %s has type %s", c.batch.ColumnName(c.next), c.batch.Column(c.next).DataType())
	}
	c.next++
	return column
}

// lists is a list column over one contiguous slice.
type lists[T any] struct {
	column *array.List
	values []T
}

func takeLists[T any, A arrow.Array](c *columnReader, values func(A) []T) lists[T] {
	l := lists[T]{column: take[*array.List](c)}
	if c.err != nil {
		return l
	}
	elements, ok := l.column.ListValues().(A)
	if !ok {
		c.err = fmt.Errorf("column %s has type %s", c.batch.ColumnName(c.next-1), l.column.DataType())
		return l
	}
	l.values = values(elements)
	return l
}

func (l *lists[T]) at(i int) []T {
	if l.column.IsNull(i) {
		return nil
	}
	from, to := l.column.ValueOffsets(i)
	return l.values[from:to]
}

// row reads row i and checks that its lists belong together.
func (v *view) row(i int, r *row) error {
	*r = row{
		startTime:    int64(v.startTime.Value(i)),
		phase:        text(v.phase, i),
		outcome:      text(v.outcome, i),
		model:        text(v.model, i),
		api:          text(v.api, i),
		tokenSource:  text(v.tokenSource, i),
		stream:       v.stream.IsValid(i) && v.stream.Value(i),
		inputTokens:  number(v.inputTokens, i),
		outputTokens: number(v.outputTokens, i),
		reasoning:    number(v.reasoning, i),
		dispatched:   number(v.dispatched, i),
		wrote:        number(v.wrote, i),
		end:          number(v.end, i),
		clientAbort:  number(v.clientAbort, i),
		ready:        number(v.ready, i),
		chunkTime:    v.chunkTime.at(i),
		chunkKind:    v.chunkKind.at(i),
		chunkTokens:  v.chunkTokens.at(i),
		chunkChoice:  v.chunkChoice.at(i),
		chunkRead:    v.chunkRead.at(i),
	}
	if v.recordID.IsValid(i) {
		copy(r.recordID[:], v.recordID.Value(i))
	}
	if v.sourceID.IsValid(i) {
		copy(r.sourceID[:], v.sourceID.Value(i))
	}
	return r.check()
}

// maxTokensPerRow bounds what one damaged row can make us hold: far above any
// context window.
const maxTokensPerRow = 1 << 26

func (r *row) check() error {
	n := len(r.chunkTime)
	for _, l := range []struct {
		name     string
		len      int
		optional bool
	}{
		{"chunk_kind", len(r.chunkKind), false}, {"chunk_tokens", len(r.chunkTokens), true},
		{"chunk_choice", len(r.chunkChoice), true}, {"chunk_read", len(r.chunkRead), true},
	} {
		if l.len != n && !(l.optional && l.len == 0) {
			return fmt.Errorf("%s has %d entries and chunk_time %d: the file is damaged", l.name, l.len, n)
		}
	}
	sum := int64(0)
	for _, k := range r.chunkTokens {
		if sum += int64(max(0, k)); sum > maxTokensPerRow {
			return fmt.Errorf("chunk_tokens add up to more than %d: the file is damaged", maxTokensPerRow)
		}
	}
	return nil
}

func number(a *array.Int64, i int) maybe[int64] {
	if a.IsNull(i) {
		return maybe[int64]{}
	}
	return just(a.Value(i))
}

func text(a *array.String, i int) string {
	if a.IsNull(i) {
		return ""
	}
	return a.Value(i)
}

// isToken reports whether chunks of a kind carry what the user waits for.
func isToken(kind int8) bool { return kind >= schema.KindContent && kind <= schema.KindRefusal }
