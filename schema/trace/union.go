package trace

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"metron/schema"
)

// union is files read as one: rows by start_time, every record_id once. A row
// that stands in two files is there once. Different rows with one record_id are
// both there: the later file's takes a new one, and what refers to it in that
// file follows.
type union struct {
	archive   *schema.Archive
	selection schema.Selection // in wall times where there are several files

	clashes map[place]clash // of the rows whose record_id stands in several files
	tenants map[int]bool    // files that have tenants

	from []origin // filled by origins

	repeated, renamed int64
}

// newUnion binds a selection to files: an offset counts from the first start of
// all of them.
func newUnion(a *schema.Archive, s schema.Selection) (*union, error) {
	u := &union{archive: a, selection: s, tenants: map[int]bool{}}
	if len(a.Files) == 1 {
		return u, nil
	}
	firstUS, _, err := a.FirstStart()
	if err != nil {
		return nil, err
	}
	fromUS, toUS := s.Window(firstUS)
	if u.selection.From, err = moment(fromUS); err != nil {
		return nil, err
	}
	u.selection.To, err = moment(toUS)
	return u, err
}

// moment is the wall time us; the ends of time, and what is beyond the years
// that are written with four digits, are no bound.
func moment(us int64) (schema.Moment, error) {
	t := time.UnixMicro(us).UTC()
	if us == math.MinInt64 || t.Year() > 9999 {
		return schema.Moment{}, nil
	}
	return schema.ParseMoment(t.Format(time.RFC3339Nano))
}

// alone is file i as an archive of its own.
func (u *union) alone(i int) *schema.Archive {
	return &schema.Archive{Files: u.archive.Files[i : i+1]}
}

// count is the number of rows of all files.
func (u *union) count(ctx context.Context) (int64, error) {
	if n := u.archive.NumRows(); n >= 0 {
		return n, nil
	}
	n := int64(0)
	for b, err := range u.archive.Batches(ctx, schema.Query{Columns: []string{"start_time"}}) {
		if err != nil {
			return 0, err
		}
		n += b.NumRows()
	}
	return n, nil
}

// rows yields the selected rows by start_time, rows of one moment in the order
// of the files. A file is opened when its first row is due.
func (u *union) rows(ctx context.Context) iter.Seq2[*schema.Record, error] {
	return func(yield func(*schema.Record, error) bool) {
		sources, err := u.sources(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() {
			for _, s := range sources {
				s.stop()
			}
		}()
		u.repeated, u.renamed = 0, 0
		for len(sources) > 0 {
			next := slices.MinFunc(sources, func(a, b *source) int { return cmp.Compare(a.dueUS, b.dueUS) })
			if next.row != nil && u.admit(next.file, next.row) && !yield(next.row, nil) {
				return
			}
			more, err := next.advance()
			if err != nil {
				yield(nil, err)
				return
			}
			if !more {
				next.stop()
				sources = slices.DeleteFunc(sources, func(s *source) bool { return s == next })
			}
		}
	}
}

// admit gives a row the ids that were settled, and says whether it is one.
func (u *union) admit(file int, r *schema.Record) bool {
	if r.Tenant != "" {
		u.tenants[file] = true
	}
	own, clashed := u.clashes[place{file, r.RecordID}]
	if own.dropped {
		u.repeated++
		return false
	}
	if clashed && own.id != r.RecordID {
		u.renamed++
	}
	for _, id := range []*uuid.UUID{&r.RecordID, &r.SourceRecordID, &r.ParentRecordID} {
		if c, ok := u.clashes[place{file, *id}]; ok {
			*id = c.id
		}
	}
	return true
}

// source is one file of a union.
type source struct {
	file  int
	dueUS int64          // start_time of row, or a bound of it before the file is open
	row   *schema.Record // nil before it is open
	open  func() iter.Seq2[*schema.Record, error]
	next  func() (*schema.Record, error, bool)
	end   func()
}

func (u *union) sources(ctx context.Context) ([]*source, error) {
	var out []*source
	for i := range u.archive.Files {
		one := u.alone(i)
		firstUS, ok, err := one.FirstStart()
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, &source{file: i, dueUS: firstUS, open: func() iter.Seq2[*schema.Record, error] { return one.Records(ctx, u.selection) }})
		}
	}
	return out, nil
}

// advance moves to the next row; false says that there is none.
func (s *source) advance() (bool, error) {
	if s.next == nil {
		s.next, s.end = iter.Pull2(s.open())
	}
	row, err, ok := s.next()
	if err != nil || !ok {
		return false, err
	}
	s.row, s.dueUS = row, row.StartTime
	return true, nil
}

func (s *source) stop() {
	if s.end != nil {
		s.end()
	}
}
