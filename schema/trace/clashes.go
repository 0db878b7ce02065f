package trace

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/uuid"

	"metron/internal/term"
	"metron/schema"
)

// place is a row of a file.
type place struct {
	file *schema.File
	id   uuid.UUID
}

// clash is what becomes of a row whose record_id stands in several files.
type clash struct {
	id      uuid.UUID
	dropped bool // another file has the same row
}

// resolve finds the record_ids that stand in several files and settles whose
// they are. It reads that column of every file, and whole rows only where there
// is such an id.
func (u *union) resolve(ctx context.Context) error {
	if len(u.archive.Files) == 1 {
		return nil
	}
	twice, err := u.clashing(ctx)
	if err != nil || len(twice) == 0 {
		return err
	}
	versions := map[uuid.UUID][]version{}
	for r, err := range u.archive.Records(ctx, u.selection) {
		if err != nil {
			return err
		}
		if twice[r.RecordID] {
			versions[r.RecordID] = append(versions[r.RecordID], version{fingerprintOf(r.Record), place{r.File, r.RecordID}, rateOf(r.Record)})
		}
	}
	u.clashes = map[place]clash{}
	for _, same := range versions {
		u.settle(same)
	}
	return nil
}

// clashing is the record_ids that stand in several files.
func (u *union) clashing(ctx context.Context) (map[uuid.UUID]bool, error) {
	type seat struct {
		id   uuid.UUID
		file int32
	}
	var seats []seat
	for b, err := range u.archive.Batches(ctx, schema.Query{Columns: []string{"record_id"}, Selection: u.selection}) {
		if err != nil {
			return nil, err
		}
		ids, file := b.Column(0).(*array.FixedSizeBinary), int32(slices.Index(u.archive.Files, b.File))
		for row := range ids.Len() {
			seats = append(seats, seat{uuid.UUID(ids.Value(row)), file})
		}
	}
	slices.SortFunc(seats, func(a, b seat) int { return cmp.Or(bytes.Compare(a.id[:], b.id[:]), cmp.Compare(a.file, b.file)) })
	twice := map[uuid.UUID]bool{}
	for i := 1; i < len(seats); i++ {
		if seats[i] == seats[i-1] {
			path := u.archive.Files[seats[i].file].Path()
			return nil, term.WithHint(fmt.Errorf("read %q: record_id %s is there twice", path, seats[i].id), "metron inspect --verify %s", path)
		}
		if seats[i].id == seats[i-1].id {
			twice[seats[i].id] = true
		}
	}
	return twice, nil
}

// version is one of the rows that share a record_id.
type version struct {
	fingerprint fingerprint
	at          place   // where the row is taken from
	rate        float64 // its sample_rate
}

// settle decides about the rows that share an id, one of each of some files: the
// first file's keeps it, and what differs in a later one takes another.
func (u *union) settle(versions []version) {
	slices.SortFunc(versions, func(a, b version) int {
		return cmp.Compare(slices.Index(u.archive.Files, a.at.file), slices.Index(u.archive.Files, b.at.file))
	})
	var different []version
	for _, v := range versions {
		i := slices.IndexFunc(different, func(known version) bool { return known.fingerprint == v.fingerprint })
		if i < 0 {
			id := v.at.id
			if len(different) > 0 {
				id = v.fingerprint.id(id)
			}
			u.clashes[v.at] = clash{id: id}
			different = append(different, v)
			continue
		}
		// The same row twice. Of samples of one trace the denser one says how
		// likely the row was to be in either.
		known := different[i]
		id := u.clashes[known.at].id
		if v.rate > known.rate {
			u.clashes[known.at], u.clashes[v.at] = clash{id, true}, clash{id, false}
			different[i] = v
		} else {
			u.clashes[v.at] = clash{id, true}
		}
	}
}

func rateOf(r *schema.Record) float64 {
	if r.SampleRate == nil {
		return 1
	}
	return *r.SampleRate
}
