package replay

import (
	"container/heap"
	"context"
	"iter"
	"math"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/schema"
)

// arrival is a row of a trace, seen through the columns that a plan asks for
// only. It is valid until the next one is asked for.
type arrival struct {
	*arrivalColumns
	row int
}

// arrivalColumns are those of one batch.
type arrivalColumns struct {
	starts        []arrow.Timestamp
	api, recorded *array.String
	model         *array.String          // that the request names
	session       *array.String          // nil where nobody asked whose a row is
	record        *array.FixedSizeBinary // likewise
	numbers       []*array.Int64
}

// columnsOf names the columns: identities where rows are chosen or held by what
// they belong to, and some that are numbers.
func columnsOf(identities bool, numbers ...string) []string {
	names := []string{"start_time", "api", "recorded", "request_model"}
	if identities {
		names = append(names, "session_id", "record_id")
	}
	return append(names, numbers...)
}

// identified reports whether the plan asks whose a row is.
func (p *Plan) identified() bool { return p.Sample > 0 || p.Shard.Count > 1 || p.Mode.ordered() }

func viewOf(b schema.Batch) *arrivalColumns {
	v := &arrivalColumns{starts: b.Column(0).(*array.Timestamp).TimestampValues(), api: b.Column(1).(*array.String), recorded: b.Column(2).(*array.String), model: b.Column(3).(*array.String)}
	next := 4
	if int(b.NumCols()) > next && b.ColumnName(next) == "session_id" {
		v.session, v.record = b.Column(next).(*array.String), b.Column(next+1).(*array.FixedSizeBinary)
		next += 2
	}
	for ; next < int(b.NumCols()); next++ {
		v.numbers = append(v.numbers, b.Column(next).(*array.Int64))
	}
	return v
}

func (a arrival) startUS() int64 { return int64(a.starts[a.row]) }

func (a arrival) replayable(p *Plan) bool {
	return p.replayable(a.api.Value(a.row), a.recorded.Value(a.row))
}

func (a arrival) identity() (id identity) {
	if a.session.IsValid(a.row) {
		id.session = a.session.Value(a.row)
	}
	copy(id.record[:], a.record.Value(a.row))
	return id
}

// number is the value of one of the columns of numbers.
func (a arrival) number(column int) (int64, bool) {
	c := a.numbers[column]
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
			for view, err := range views(ctx, p.Trace, schema.Query{Columns: columns, Selection: p.Selection}) {
				if err != nil {
					yield(arrival{}, err)
					return
				}
				for i := range view.starts {
					if !yield(arrival{view, i}, nil) {
						return
					}
				}
			}
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
				files = append(files, &arrivalFile{order: i, dueUS: first, open: func() iter.Seq2[*arrivalColumns, error] {
					return views(ctx, alone, schema.Query{Columns: columns, Selection: selection})
				}})
			}
		}
		heap.Init(&files)
		for len(files) > 0 {
			next := files[0]
			if next.more && !yield(next.at, nil) {
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

func views(ctx context.Context, a *schema.Archive, q schema.Query) iter.Seq2[*arrivalColumns, error] {
	return func(yield func(*arrivalColumns, error) bool) {
		for b, err := range a.Batches(ctx, q) {
			if err != nil {
				yield(nil, err)
				return
			}
			if view := viewOf(b); len(view.starts) > 0 && !yield(view, nil) {
				return
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
	dueUS int64   // of at, or of the file's first row before it is open
	more  bool    // there is a row
	at    arrival // of no columns before it is open
	open  func() iter.Seq2[*arrivalColumns, error]
	next  func() (*arrivalColumns, error, bool)
	stop  func()
}

func (f *arrivalFile) advance() error {
	if f.at.row++; f.next == nil || f.at.row == len(f.at.starts) {
		if f.next == nil {
			f.next, f.stop = iter.Pull2(f.open())
		}
		view, err, ok := f.next()
		if err != nil || !ok {
			f.more = false
			return err
		}
		f.at, f.more = arrival{view, 0}, true
	}
	f.dueUS = f.at.startUS()
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
