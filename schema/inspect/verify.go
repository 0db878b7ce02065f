package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/uuid"

	"metron/internal/term"
	"metron/schema"
)

// Verifier verifies files, one after the other. Its zero value is ready to use.
type Verifier struct {
	doing atomic.Pointer[string]
	row   atomic.Int64
}

// Progress is what is being done, on one line.
func (v *Verifier) Progress() string {
	doing := v.doing.Load()
	if doing == nil {
		return ""
	}
	if row := v.row.Load(); row > 0 {
		return *doing + term.Count(row)
	}
	return *doing
}

func (v *Verifier) begin(doing string, args ...any) {
	v.row.Store(0)
	v.doing.Store(new(fmt.Sprintf(doing, args...)))
}

// Verify reads all of a file and holds it against what sound files keep to.
// What is wrong with the file is in the report; an error is anything else.
// Beside a batch of rows it takes 16 bytes of memory a row.
func (v *Verifier) Verify(ctx context.Context, path string) (*Report, error) {
	r := &Report{File: path, Problems: []Finding{}, ProblemCounts: map[string]int64{}, Notes: []Note{}}
	f, err := schema.Open(path)
	if err != nil {
		if disk := (*fs.PathError)(nil); errors.As(err, &disk) || !isFile(path) {
			return nil, err
		}
		(&verification{report: r}).problem("open", schema.Faultf("", "a file that can be opened", "%v", err))
		return r, nil
	}
	defer f.Close()
	r.Journal, r.Bytes, r.RowGroups = f.NumRows() < 0, f.Size(), f.NumGroups()
	v.begin("%s: digest", path)
	if r.Digest, err = f.Digest(); err != nil {
		return nil, err
	}
	w := &verification{Verifier: v, file: f, meta: f.Meta(), report: r, outcomes: map[string]int64{}}
	for _, step := range []func(context.Context) error{w.pages, w.rows, w.unique, w.tail} {
		if err := step(ctx); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	w.footer()
	return r, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// verification is one file being verified.
type verification struct {
	*Verifier
	file     *schema.File
	meta     schema.Meta
	report   *Report
	outcomes map[string]int64
	ids      []uuid.UUID
}

func (v *verification) problem(rule string, f *schema.Fault) { v.problemAt(rule, nil, "", f) }

func (v *verification) problemAt(rule string, row *int64, id string, f *schema.Fault) {
	v.report.ProblemCounts[rule]++
	if v.report.ProblemCounts[rule] <= shownFindings {
		v.report.Problems = append(v.report.Problems, finding(rule, row, id, f))
	}
}

func (v *verification) note(rule string, row *int64, id string, f *schema.Fault) {
	i := slices.IndexFunc(v.report.Notes, func(n Note) bool { return n.Rule == rule })
	if i < 0 {
		i = len(v.report.Notes)
		v.report.Notes = append(v.report.Notes, Note{Finding: finding(rule, row, id, f)})
	}
	v.report.Notes[i].Count++
}

func finding(rule string, row *int64, id string, f *schema.Fault) Finding {
	if row != nil {
		row = new(*row) // the caller goes on to the next
	}
	return Finding{rule, row, id, f.Column, f.Is, f.Want}
}

func (v *verification) pages(ctx context.Context) error {
	v.begin("%s: pages", v.file.Path())
	for row, bad := range v.file.VerifyPages(ctx) {
		v.problemAt("pages", &row, "", bad)
	}
	if unknown := v.file.UnknownColumns(); len(unknown) > 0 {
		v.note("new_column", nil, "", schema.Faultf(unknown[0], "the columns of schema "+schema.Version, "columns that this version does not know: %s", strings.Join(unknown, ", ")))
	}
	return nil
}

func (v *verification) rows(ctx context.Context) error {
	v.begin("%s: row ", v.file.Path())
	at, id := int64(0), "" // of the row at hand
	check := newRowCheck(&v.meta, func(r rule, bad *schema.Fault) {
		if r.note {
			v.note(r.name, &at, id, bad)
		} else {
			v.problemAt(r.name, &at, id, bad)
		}
	})
	last := int64(0)
	one := schema.Archive{Files: []*schema.File{v.file}}
	for r, err := range one.Records(ctx, schema.Selection{}) {
		if err != nil {
			if ctx.Err() == nil {
				v.problemAt("read", &v.report.Rows, "", schema.Faultf("", "rows that can be read", "rows from %d on are not checked: %v", v.report.Rows, err))
			}
			return ctx.Err()
		}
		at, id = v.report.Rows, r.RecordID.String()
		check.row(r.Record)
		if at > 0 && r.StartTime < last {
			v.problemAt("sorted", &at, id, schema.Faultf("start_time", "rows by start_time", "start_time is %s, before row %d at %s", wall(r.StartTime), at-1, wall(last)))
		}
		last = r.StartTime
		v.outcomes[strings.Clone(r.Outcome)]++ // the batch's memory goes away
		v.ids = append(v.ids, r.RecordID)
		v.report.Chunks += int64(len(r.ChunkTime))
		v.report.Rows++
		v.row.Store(v.report.Rows)
	}
	return nil
}

// unique finds records that stand in more than one row. They are looked for
// again by their row only if there are any.
func (v *verification) unique(ctx context.Context) error {
	slices.SortFunc(v.ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	first := map[uuid.UUID]int64{} // row of each that comes again; -1: not met yet
	for i := 1; i < len(v.ids); i++ {
		if v.ids[i] == v.ids[i-1] && v.ids[i] != uuid.Nil {
			first[v.ids[i]] = -1
		}
	}
	v.ids = nil
	if len(first) == 0 {
		return nil
	}
	for b, err := range v.file.Batches("record_id") {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return ctx.Err() // rows has told why it cannot be read
		}
		ids := b.Column(0).(*array.FixedSizeBinary)
		for i := range ids.Len() {
			id, row := uuid.UUID(ids.Value(i)), b.Row(i)
			switch before, again := first[id]; {
			case !again:
			case before < 0:
				first[id] = row
			default:
				v.problemAt("unique", &row, id.String(), schema.Faultf("record_id", "a record_id for each row", "record_id is row %d's, too", before))
			}
		}
	}
	return nil
}

// tail notes what a crash cut off a journal.
func (v *verification) tail(context.Context) error {
	torn, err := v.file.TornBytes()
	if err == nil && torn > 0 {
		v.note("torn_tail", nil, "", schema.Faultf("", "a journal that ends with a whole batch", "%d bytes follow the last whole batch: being written, or cut off", torn))
	}
	return nil // an error is what rows has reported
}
