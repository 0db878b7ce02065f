package replay

import (
	"container/heap"
	"context"
	"iter"
	"math"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/schema"
)

// arrival is a row of a trace, seen through the columns that a plan asks for
// only. It is valid until the next one is asked for.
type arrival struct {
	batch schema.Batch
	row   int
}

// arrivalColumns are those that every plan reads; more may stand behind them.
func arrivalColumns(more ...string) []string {
	return append([]string{"start_time", "api", "recorded", "session_id", "record_id"}, more...)
}

func (a arrival) startUS() int64 { return int64(a.batch.Column(0).(*array.Timestamp).Value(a.row)) }

func (a arrival) replayable() bool {
	return replayable(a.batch.Column(1).(*array.String).Value(a.row), a.batch.Column(2).(*array.String).Value(a.row))
}

func (a arrival) identity() (id identity) {
	if s := a.batch.Column(3).(*array.String); s.IsValid(a.row) {
		id.session = s.Value(a.row)
	}
	copy(id.record[:], a.batch.Column(4).(*array.FixedSizeBinary).Value(a.row))
	return id
}

// number is the value of an integer column behind arrivalColumns.
func (a arrival) number(column int) (int64, bool) {
	c := a.batch.Column(len(arrivalColumns()) + column).(*array.Int64)
	if c.IsNull(a.row) {
		return 0, false
	}
	return c.Value(a.row), true
}

// arrivals yields the rows that the selection takes in the order of
// Archive.Records, but reads only some columns: a file is opened when its first
// row is due.
func (p *Plan) arrivals(ctx context.Context, columns []string) iter.Seq2[arrival, error] {
	return func(yield func(arrival, error) bool) {
		if len(p.Trace.Files) == 1 {
			one(ctx, p.Trace, schema.Query{Columns: columns, Selection: p.Selection})(yield)
			return
		}
		var files arrivalFiles
		defer func() {
			for _, f := range files {
				f.close()
			}
		}()
		selection, err := p.wallSelection()
		if err != nil {
			yield(arrival{}, err)
			return
		}
		for i, f := range p.Trace.Files {
			alone := &schema.Archive{Files: []*schema.File{f}}
			first, ok, err := alone.FirstStart()
			if err != nil {
				yield(arrival{}, err)
				return
			}
			if ok {
				files = append(files, &arrivalFile{order: i, dueUS: first, open: func() iter.Seq2[arrival, error] {
					return one(ctx, alone, schema.Query{Columns: columns, Selection: selection})
				}})
			}
		}
		heap.Init(&files)
		for len(files) > 0 {
			next := files[0]
			if next.more && !yield(next.row, nil) {
				return
			}
			if err := next.advance(); err != nil {
				yield(arrival{}, err)
				return
			}
			if next.more {
				heap.Fix(&files, 0)
			} else {
				heap.Pop(&files)
			}
		}
	}
}

func one(ctx context.Context, a *schema.Archive, q schema.Query) iter.Seq2[arrival, error] {
	return func(yield func(arrival, error) bool) {
		for b, err := range a.Batches(ctx, q) {
			if err != nil {
				yield(arrival{}, err)
				return
			}
			for i := range int(b.NumRows()) {
				if !yield(arrival{b, i}, nil) {
					return
				}
			}
		}
	}
}

// wallSelection is the selection with its window in wall time: an offset would
// count from the first row of each file.
func (p *Plan) wallSelection() (schema.Selection, error) {
	s := p.Selection
	first, _, err := p.Trace.FirstStart()
	if err != nil {
		return s, err
	}
	wall := func(us int64, m *schema.Moment) {
		if err == nil && us != math.MinInt64 && us != math.MaxInt64 {
			*m, err = schema.ParseMoment(time.UnixMicro(us).UTC().Format(time.RFC3339Nano))
		}
	}
	fromUS, toUS := s.Window(first)
	wall(fromUS, &s.From)
	wall(toUS, &s.To)
	return s, err
}

// arrivalFile is one file of several.
type arrivalFile struct {
	order int
	dueUS int64 // of row, or of the file's first one before it is open
	more  bool  // there is a row
	row   arrival
	open  func() iter.Seq2[arrival, error]
	next  func() (arrival, error, bool)
	stop  func()
}

func (f *arrivalFile) advance() error {
	if f.next == nil {
		f.next, f.stop = iter.Pull2(f.open())
	}
	row, err, ok := f.next()
	if err != nil || !ok {
		f.more = false
		return err
	}
	f.row, f.dueUS, f.more = row, row.startUS(), true
	return nil
}

func (f *arrivalFile) close() {
	if f.stop != nil {
		f.stop()
	}
}

// arrivalFiles is a heap of files by their next row.
type arrivalFiles []*arrivalFile

func (h arrivalFiles) Len() int { return len(h) }
func (h arrivalFiles) Less(i, j int) bool {
	return h[i].dueUS < h[j].dueUS || h[i].dueUS == h[j].dueUS && h[i].order < h[j].order
}
func (h arrivalFiles) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *arrivalFiles) Push(f any)   { *h = append(*h, f.(*arrivalFile)) }
func (h *arrivalFiles) Pop() any {
	last := len(*h) - 1
	f := (*h)[last]
	f.close()
	*h = (*h)[:last]
	return f
}
