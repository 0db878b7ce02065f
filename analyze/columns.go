package analyze

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/uuid"

	"metron/schema"
)

// columnNames are the columns that every metric is computed from. What a section
// reads beside them it names in its kind.
func columnNames() []string {
	return []string{
		"record_id", "source_record_id", "loop", "start_time", "phase", "outcome", "request_model", "token_source", "stream",
		"input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "dispatched", "wrote", "end", "client_abort",
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
	cachedTokens                         maybe[int64] // those of the input that the server had
	dispatched, wrote, end, clientAbort  maybe[int64]
	ready, loop                          maybe[int64]
	labels                               // what only groupings and sections read
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
	cachedTokens                         *array.Int64
	dispatched, wrote, end, clientAbort  *array.Int64
	ready, loop                          *array.Int64
	labels                               labelView
	chunkTime                            lists[int64]
	chunkKind                            lists[int8]
	chunkTokens, chunkRead               lists[int32]
	chunkChoice                          lists[int16]
}

// newView finds the columns of a batch.
func newView(b schema.Batch) (v view, err error) {
	v.batch = b
	v.rows = int(b.NumRows())
	c := columnReader{batch: b}
	v.recordID = take[*array.FixedSizeBinary](&c, "record_id")
	v.sourceID = take[*array.FixedSizeBinary](&c, "source_record_id")
	v.startTime = take[*array.Timestamp](&c, "start_time")
	v.phase = take[*array.String](&c, "phase")
	v.outcome = take[*array.String](&c, "outcome")
	v.model = take[*array.String](&c, "request_model")
	v.tokenSource = take[*array.String](&c, "token_source")
	v.stream = take[*array.Boolean](&c, "stream")
	v.inputTokens = take[*array.Int64](&c, "input_tokens")
	v.cachedTokens = take[*array.Int64](&c, "cached_input_tokens")
	v.outputTokens = take[*array.Int64](&c, "output_tokens")
	v.reasoning = take[*array.Int64](&c, "reasoning_tokens")
	v.dispatched = take[*array.Int64](&c, "dispatched")
	v.wrote = take[*array.Int64](&c, "wrote")
	v.end = take[*array.Int64](&c, "end")
	v.clientAbort = take[*array.Int64](&c, "client_abort")
	v.chunkTime = takeLists(&c, "chunk_time", (*array.Int64).Int64Values)
	v.chunkKind = takeLists(&c, "chunk_kind", (*array.Int8).Int8Values)
	v.chunkTokens = takeLists(&c, "chunk_tokens", (*array.Int32).Int32Values)
	v.chunkChoice = takeLists(&c, "chunk_choice", (*array.Int16).Int16Values)
	v.chunkRead = takeLists(&c, "chunk_read", (*array.Int32).Int32Values)
	v.api = take[*array.String](&c, "api")
	v.ready = take[*array.Int64](&c, "ready")
	v.loop = take[*array.Int64](&c, "loop")
	v.labels = newLabelView(&c)
	return v, c.err
}

// columnReader hands out the columns of a batch and keeps the first error.
type columnReader struct {
	batch arrow.Record
	err   error
}

// take returns the column of a name; the zero value, all of whose rows are null to
// number and text, where it was not asked for.
func take[A arrow.Array](c *columnReader, name string) A {
	at := c.batch.Schema().FieldIndices(name)
	if len(at) == 0 {
		var none A
		return none
	}
	column, ok := c.batch.Column(at[0]).(A)
	if !ok && c.err == nil {
		c.err = fmt.Errorf("column %s has type %s", name, c.batch.Column(at[0]).DataType())
	}
	return column
}

// lists is a list column over one contiguous slice.
type lists[T any] struct {
	column *array.List
	values []T
}

func takeLists[T any, A arrow.Array](c *columnReader, name string, values func(A) []T) lists[T] {
	l := lists[T]{column: take[*array.List](c, name)}
	if c.err != nil || l.column == nil {
		return l
	}
	elements, ok := l.column.ListValues().(A)
	if !ok {
		c.err = fmt.Errorf("column %s has type %s", name, l.column.DataType())
		return l
	}
	l.values = values(elements)
	return l
}

func (l *lists[T]) at(i int) []T {
	if l.column == nil || l.column.IsNull(i) {
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
		cachedTokens: number(v.cachedTokens, i),
		dispatched:   number(v.dispatched, i),
		wrote:        number(v.wrote, i),
		end:          number(v.end, i),
		clientAbort:  number(v.clientAbort, i),
		ready:        number(v.ready, i),
		loop:         number(v.loop, i),
		chunkTime:    v.chunkTime.at(i),
		chunkKind:    v.chunkKind.at(i),
		chunkTokens:  v.chunkTokens.at(i),
		chunkChoice:  v.chunkChoice.at(i),
		chunkRead:    v.chunkRead.at(i),
	}
	v.labels.at(i, &r.labels)
	if v.recordID != nil && v.recordID.IsValid(i) {
		copy(r.recordID[:], v.recordID.Value(i))
	}
	if v.sourceID != nil && v.sourceID.IsValid(i) {
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
	if a == nil || a.IsNull(i) {
		return maybe[int64]{}
	}
	return just(a.Value(i))
}

func text(a *array.String, i int) string {
	if a == nil || a.IsNull(i) {
		return ""
	}
	return a.Value(i)
}

// isToken reports whether chunks of a kind carry what the user waits for.
func isToken(kind int8) bool { return kind >= schema.KindContent && kind <= schema.KindRefusal }
