package schema

import (
	"container/heap"
	"context"
	"iter"
	"math"
	"slices"
)

// Row is a whole row of an archive and the file that it stands in.
type Row struct {
	*Record
	File *File
}

// Records yields the rows that s selects, whole, by start_time across all files;
// rows of one moment in the order of the files. A file is opened for reading
// when its first row is due, so that of a capture's many files few are in
// memory at once.
func (a *Archive) Records(ctx context.Context, s Selection) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		bound, err := s.bind(a)
		if err != nil {
			yield(Row{}, err)
			return
		}
		m := merge{}
		defer m.stop()
		for i, f := range a.Files {
			first, ok, err := f.firstStart()
			if err != nil {
				yield(Row{}, err)
				return
			}
			if ok {
				m.sources = append(m.sources, &source{order: i, dueUS: first, open: func() iter.Seq2[Row, error] {
					return (&scan{cols: columns(), filter: bound, files: []*File{f}}).records(ctx)
				}})
			}
		}
		heap.Init(&m)
		for len(m.sources) > 0 {
			top := m.sources[0]
			if top.row.Record != nil && !yield(top.row, nil) {
				return
			}
			more, err := top.advance()
			switch {
			case err != nil:
				yield(Row{}, err)
				return
			case more:
				heap.Fix(&m, 0)
			default:
				heap.Pop(&m)
			}
		}
	}
}

// records yields the rows of a scan, each sharing its batch's memory.
func (s *scan) records(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		s.run(ctx, 1, func(b Batch, err error) bool {
			if err != nil {
				return yield(Row{}, err)
			}
			for row := range int(b.NumRows()) {
				r := new(Record)
				getRecord(b.Record, s.cols, row, r)
				if !yield(Row{r, b.File}, nil) {
					return false
				}
			}
			return true
		})
	}
}

// source is one file of a merge.
type source struct {
	order int
	dueUS int64 // start_time of row, or of the file's first one before it is open
	row   Row   // of no record before it is open
	open  func() iter.Seq2[Row, error]
	next  func() (Row, error, bool)
	stop  func()
}

// advance moves to the next row; false says that there is none.
func (s *source) advance() (bool, error) {
	if s.next == nil {
		s.next, s.stop = iter.Pull2(s.open())
	}
	row, err, ok := s.next()
	if err != nil || !ok {
		s.dueUS = math.MaxInt64
		return false, err
	}
	s.row, s.dueUS = row, row.StartTime
	return true, nil
}

// merge is a heap of sources by their next row.
type merge struct{ sources []*source }

func (m *merge) Len() int { return len(m.sources) }
func (m *merge) Less(i, j int) bool {
	a, b := m.sources[i], m.sources[j]
	return a.dueUS < b.dueUS || a.dueUS == b.dueUS && a.order < b.order
}
func (m *merge) Swap(i, j int) { m.sources[i], m.sources[j] = m.sources[j], m.sources[i] }
func (m *merge) Push(x any)    { m.sources = append(m.sources, x.(*source)) }
func (m *merge) Pop() any {
	last := len(m.sources) - 1
	s := m.sources[last]
	if s.stop != nil {
		s.stop()
	}
	m.sources = slices.Delete(m.sources, last, last+1)
	return s
}

// stop ends the files that are still open.
func (m *merge) stop() {
	for _, s := range m.sources {
		if s.stop != nil {
			s.stop()
		}
	}
}
