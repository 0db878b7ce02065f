package schema

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Query says which rows of an archive are wanted, and which columns of them.
// The zero value wants every row and no column.
type Query struct {
	Columns []string
	Selection
	Every int // of the row groups the first of each so many; 0 or 1: all. A journal is one
}

// Batches yields what q selects, file after file, in file order; of a journal,
// the last row of each record by start_time. Row groups whose statistics rule
// every row out are not read, and as many are decoded at once as there are
// processors: memory is bounded by those, not by the files. Columns that an
// older file lacks are null. An error ends the sequence.
func (a *Archive) Batches(ctx context.Context, q Query) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		scan, err := a.newScan(q)
		if err != nil {
			yield(Batch{}, err)
			return
		}
		scan.run(ctx, runtime.GOMAXPROCS(0), yield)
	}
}

// scan is a query bound to an archive.
type scan struct {
	cols   []column
	filter filter
	every  int
	files  []*File
	memory *recycler // nil where batches outlive their turn
}

func (a *Archive) newScan(q Query) (*scan, error) {
	s := &scan{files: a.Files, every: q.Every, memory: &recycler{}}
	var err error
	if s.cols, err = pick(q.Columns); err != nil {
		return nil, err
	}
	s.filter, err = q.Selection.bind(a)
	return s, err
}

// piece reads one part of a file, such as a row group, and hands on its batches.
type piece struct {
	file *File
	read func(yield func(Batch) bool) error
}

func (s *scan) pieces(yield func(piece) bool) {
	seen := 0
	skip := func() bool {
		seen++
		return s.every > 1 && (seen-1)%s.every != 0
	}
	for _, f := range s.files {
		if f.parquet == nil {
			if !skip() && !yield(piece{f, func(yield func(Batch) bool) error { return s.readJournal(f, yield) }}) {
				return
			}
			continue
		}
		first := int64(0)
		for i, group := range f.parquet.RowGroups() {
			at := first
			first += group.NumRows()
			if s.filter.rulesOut(f, i) || skip() {
				continue
			}
			if !yield(piece{f, func(yield func(Batch) bool) error { return s.readGroup(f, i, at, yield) }}) {
				return
			}
		}
	}
}

// result is a batch or why there is none.
type result struct {
	batch Batch
	err   error
}

// run reads pieces ahead, ahead of them at once, and yields their batches in order.
func (s *scan) run(ctx context.Context, ahead int, yield func(Batch, error) bool) {
	ctx, cancel := context.WithCancel(ctx)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer cancel()
	queue := make(chan chan result, ahead-1) // one more is in the consumer's hands
	readers.Go(func() {
		defer close(queue)
		s.pieces(func(p piece) bool {
			out := make(chan result)
			select {
			case queue <- out:
			case <-ctx.Done():
				return false
			}
			readers.Go(func() {
				defer close(out)
				send := func(r result) bool {
					select {
					case out <- r:
						return true
					case <-ctx.Done():
						return false
					}
				}
				if err := p.read(func(b Batch) bool { return send(result{batch: b}) }); err != nil {
					send(result{err: fmt.Errorf("read %q: %w", p.file.path, err)})
				}
			})
			return true
		})
	})
	for out := range queue {
		for r := range out {
			if !yield(r.batch, r.err) || r.err != nil {
				return
			}
			r.batch.memory.end()
		}
	}
	if err := ctx.Err(); err != nil {
		yield(Batch{}, err)
	}
}

// readGroup reads the columns that the filter needs first, and the others only
// where it leaves rows.
func (s *scan) readGroup(f *File, index int, first int64, yield func(Batch) bool) error {
	group := f.parquet.RowGroups()[index]
	rows := int(group.NumRows())
	known := map[string]arrow.Array{}
	l := s.memory.lease()
	read := func(c column) (arrow.Array, error) {
		if a, ok := known[c.name]; ok {
			return a, nil
		}
		a, err := f.readColumn(c, group, l)
		if err != nil {
			return nil, fmt.Errorf("row group %d, column %s: %w", index, c.name, err)
		}
		known[c.name] = a
		return a, nil
	}
	picked, err := s.filter.pick(rows, read)
	if err != nil || picked != nil && len(picked) == 0 {
		l.end()
		return err
	}
	arrays := make([]arrow.Array, len(s.cols))
	for i, c := range s.cols {
		if arrays[i], err = read(c); err != nil {
			return err
		}
	}
	b := newBatch(f, array.NewRecord(arrowSchema(s.cols, nil), arrays, int64(rows)), first, picked)
	b.memory = l
	yield(b)
	return nil
}

// readJournal reads a journal whole, so that a row written twice appears once.
func (s *scan) readJournal(f *File, yield func(Batch) bool) error {
	first := int64(0)
	cols := slices.Clone(s.cols)
	for _, c := range s.filter.columns() {
		if !slices.ContainsFunc(cols, func(have column) bool { return have.name == c.name }) {
			cols = append(cols, c)
		}
	}
	var failed error
	err := f.journalBatches(cols, func(b arrow.Record) bool {
		at := first
		first += b.NumRows()
		picked, err := s.filter.pick(int(b.NumRows()), func(c column) (arrow.Array, error) {
			return b.Column(slices.IndexFunc(cols, func(have column) bool { return have.name == c.name })), nil
		})
		if failed = err; err != nil {
			return false
		}
		if picked != nil && len(picked) == 0 {
			return true
		}
		asked := array.NewRecord(arrowSchema(s.cols, nil), b.Columns()[:len(s.cols)], b.NumRows())
		return yield(newBatch(f, asked, at, picked))
	})
	if failed != nil {
		return failed
	}
	return err
}
