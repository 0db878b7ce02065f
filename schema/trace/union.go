package trace

import (
	"context"
	"iter"

	"github.com/google/uuid"

	"metron/schema"
)

// union is files read as one: rows by start_time, every record_id once. A row
// that stands in two files is there once. Different rows with one record_id are
// both there: the later file's takes a new one, and what refers to it in that
// file follows.
type union struct {
	archive   *schema.Archive
	selection schema.Selection

	clashes map[place]clash       // of the rows whose record_id stands in several files
	tenants map[*schema.File]bool // files that have tenants

	from []origin // filled by origins

	repeated, renamed int64
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
// of the files.
func (u *union) rows(ctx context.Context) iter.Seq2[*schema.Record, error] {
	return func(yield func(*schema.Record, error) bool) {
		u.tenants, u.repeated, u.renamed = map[*schema.File]bool{}, 0, 0
		for r, err := range u.archive.Records(ctx, u.selection) {
			if err != nil {
				yield(nil, err)
				return
			}
			if u.admit(r) && !yield(r.Record, nil) {
				return
			}
		}
	}
}

// admit gives a row the ids that were settled, and says whether it is one.
func (u *union) admit(r schema.Row) bool {
	if r.Tenant != "" {
		u.tenants[r.File] = true
	}
	own, clashed := u.clashes[place{r.File, r.RecordID}]
	if own.dropped {
		u.repeated++
		return false
	}
	if clashed && own.id != r.RecordID {
		u.renamed++
	}
	for _, id := range []*uuid.UUID{&r.RecordID, &r.SourceRecordID, &r.ParentRecordID} {
		if c, ok := u.clashes[place{r.File, *id}]; ok {
			*id = c.id
		}
	}
	return true
}
