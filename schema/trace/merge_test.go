package trace

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"metron/schema"
)

// merged runs a merge of files and gives its rows.
func merged(t *testing.T, files ...string) ([]schema.Record, schema.Meta, *Report) {
	t.Helper()
	m := &Merge{Job{In: files, Out: filepath.Join(t.TempDir(), "out.parquet")}}
	r, err := m.Run(t.Context())
	must(t, r, err)
	rows, meta := read(t, m.Out)
	return rows, meta, r
}

// TestMergeSettlesIDs: the same row is there once, another row takes a new id,
// and what refers to it follows, also from before it and from an earlier file's view.
func TestMergeSettlesIDs(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	refer := func(r schema.Record, parent, source byte) schema.Record {
		r.ParentRecordID = id(parent)
		if source > 0 {
			r.SourceRecordID = id(source)
		}
		return r
	}
	first, longer := row(1, 10), row(1, 20)
	first.ChunkTime, first.ChunkKind, first.ChunkRead = []int64{5, 6, 6}, make([]int8, 3), []int32{0, 1, 1}
	longer.OutputTokens = new(int64(9))
	a := write(t, in("a.parquet"), schema.Meta{}, first, refer(row(2, 11), 1, 0))
	b := write(t, in("b.parquet"), schema.Meta{}, refer(row(3, 9), 1, 1), longer, refer(row(4, 21), 3, 0))
	c := write(t, in("c.parquet"), schema.Meta{}, row(5, 1), first, refer(row(6, 22), 1, 0)) // read numbers are others there
	d := write(t, in("d.parquet"), schema.Meta{}, longer, refer(row(7, 23), 1, 0))
	rows, meta, report := merged(t, a, b, c, d)
	if want := (Counts{Read: 10, Repeated: 2, Renamed: 1, Kept: 8}); report.Counts != want || meta.Counters["renamed"] != 1 {
		t.Fatalf("counts %+v, footer %v, want %+v", report.Counts, meta.Counters, want)
	}
	byStart := map[int64]schema.Record{}
	var starts []int64
	for _, r := range rows {
		byStart[r.StartTime] = r
		starts = append(starts, r.StartTime)
	}
	if !slices.Equal(starts, []int64{1, 9, 10, 11, 20, 21, 22, 23}) {
		t.Fatalf("starts %v", starts)
	}
	renamed := byStart[20].RecordID
	if byStart[10].RecordID != id(1) || renamed == id(1) || renamed == (uuid.UUID{}) || renamed.Version() != 8 {
		t.Errorf("ids %v and %v", byStart[10].RecordID, renamed)
	}
	for start, want := range map[int64]uuid.UUID{11: id(1), 9: renamed, 21: id(3), 22: id(1), 23: renamed} {
		if byStart[start].ParentRecordID != want {
			t.Errorf("the row at %d has parent %v, want %v", start, byStart[start].ParentRecordID, want)
		}
	}
	if byStart[9].SourceRecordID != renamed {
		t.Errorf("source_record_id %v, want %v", byStart[9].SourceRecordID, renamed)
	}
	again, _, _ := merged(t, a, b, c, d)
	for i := range rows {
		if !same(rows[i], again[i]) {
			t.Errorf("a second merge gives another row %d", i)
		}
	}
}

// TestMergeKeepsTheFirstFilesID, whichever of the rows is the earlier one.
func TestMergeKeepsTheFirstFilesID(t *testing.T) {
	dir := t.TempDir()
	early := write(t, filepath.Join(dir, "early.parquet"), schema.Meta{}, row(1, 10))
	late := write(t, filepath.Join(dir, "late.parquet"), schema.Meta{}, row(1, 20))
	for _, c := range []struct {
		files []string
		keeps int // row by start_time
	}{{[]string{early, late}, 0}, {[]string{late, early}, 1}} {
		rows, _, report := merged(t, c.files...)
		if len(rows) != 2 || rows[c.keeps].RecordID != id(1) || rows[1-c.keeps].RecordID == id(1) || report.Renamed != 1 {
			t.Errorf("%v: %d rows, %+v", c.files, len(rows), report.Counts)
		}
	}
}

// TestMergeOfSamples: of a row in two samples the denser one's is kept, in
// whatever order they come.
func TestMergeOfSamples(t *testing.T) {
	dir := t.TempDir()
	thin, dense := row(1, 10), row(1, 10)
	thin.SampleRate, dense.SampleRate = new(0.1), new(0.5)
	a := write(t, filepath.Join(dir, "a.parquet"), schema.Meta{}, thin)
	b := write(t, filepath.Join(dir, "b.parquet"), schema.Meta{}, dense)
	c := write(t, filepath.Join(dir, "c.parquet"), schema.Meta{}, row(1, 10))
	for _, files := range [][]string{{a, b}, {b, a}} {
		if rows, _, r := merged(t, files...); len(rows) != 1 || *rows[0].SampleRate != 0.5 || r.Repeated != 1 {
			t.Errorf("%v: %d rows, %+v", files, len(rows), r.Counts)
		}
	}
	for _, files := range [][]string{{a, b, c}, {c, a, b}, {b, c, a}} {
		if rows, _, r := merged(t, files...); len(rows) != 1 || rows[0].SampleRate != nil || r.Repeated != 2 {
			t.Errorf("%v: %d rows, %+v", files, len(rows), r.Counts)
		}
	}
}

// TestSliceOfSeveralCountsFromTheFirst: an offset is one of all files.
func TestSliceOfSeveralCountsFromTheFirst(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.parquet"), schema.Meta{}, row(1, 10_000_000), row(2, 12_000_000))
	write(t, filepath.Join(dir, "b.parquet"), schema.Meta{}, row(3, 11_000_000), row(4, 13_000_000))
	out := filepath.Join(t.TempDir(), "out.parquet")
	s := &Slice{Job: Job{In: []string{dir}, Out: out}, Selection: selection(t, "", "1s", "3s")}
	r, err := s.Run(t.Context())
	must(t, r, err)
	rows, _ := read(t, out)
	if len(rows) != 2 || rows[0].RecordID != id(3) || rows[1].RecordID != id(2) || r.Filtered != 2 {
		t.Errorf("%d rows, %+v", len(rows), r.Counts)
	}
}

// TestMergeJoinsFooters: the claims that stay true for all rows.
func TestMergeJoinsFooters(t *testing.T) {
	verdict := func(status string, p99 int64, reasons ...string) *schema.Verdict {
		return &schema.Verdict{Status: status, Reasons: reasons, SendLagP99US: p99, SendLagMaxUS: p99}
	}
	for _, c := range []struct {
		name string
		a, b schema.Meta
		want func(m schema.Meta) bool
	}{
		{"privacy", schema.Meta{Privacy: "lengths"}, schema.Meta{Privacy: "content"}, func(m schema.Meta) bool { return m.Privacy == "content" }},
		{"privacy", schema.Meta{Privacy: "hash"}, schema.Meta{Privacy: "lengths"}, func(m schema.Meta) bool { return m.Privacy == "hash" }},
		{"privacy", schema.Meta{Privacy: "hash"}, schema.Meta{}, func(m schema.Meta) bool { return m.Privacy == "" }},
		{"privacy", schema.Meta{}, schema.Meta{Privacy: "content"}, func(m schema.Meta) bool { return m.Privacy == "content" }},
		{"time zero", schema.Meta{TimeZero: 5}, schema.Meta{TimeZero: 3}, func(m schema.Meta) bool { return m.TimeZero == 3 }},
		{"host", schema.Meta{Host: "x"}, schema.Meta{Host: "x"}, func(m schema.Meta) bool { return m.Host == "x" }},
		{"host", schema.Meta{Host: "x"}, schema.Meta{Host: "y"}, func(m schema.Meta) bool { return m.Host == "x; y" }},
		{"key", schema.Meta{KeyID: "k"}, schema.Meta{KeyID: "k"}, func(m schema.Meta) bool { return m.KeyID == "k" }},
		{"key", schema.Meta{KeyID: "k"}, schema.Meta{KeyID: "l"}, func(m schema.Meta) bool { return m.KeyID == "" }},
		{"digest", schema.Meta{SourceDigest: "aa"}, schema.Meta{SourceDigest: "aa"}, func(m schema.Meta) bool { return m.SourceDigest == "aa" }},
		{"digest", schema.Meta{SourceDigest: "aa"}, schema.Meta{SourceDigest: "bb"}, func(m schema.Meta) bool { return m.SourceDigest == "" }},
		{"verdict", schema.Meta{Verdict: verdict("VALID", 3, "x")}, schema.Meta{Verdict: verdict("INVALID", 9, "x", "y")}, func(m schema.Meta) bool {
			return m.Verdict.Status == "INVALID" && m.Verdict.SendLagP99US == 9 && slices.Equal(m.Verdict.Reasons, []string{"x", "y"})
		}},
		{"verdict", schema.Meta{Verdict: &schema.Verdict{Status: "VALID", DriftUS: new(int64(5)), StepS: 1, Steps: make([]schema.Sender, 2), Whole: &schema.Sender{Requests: 2}}},
			schema.Meta{Verdict: verdict("VALID", 3)}, func(m schema.Meta) bool {
				return m.Verdict.DriftUS == nil && m.Verdict.Steps == nil && m.Verdict.StepS == 0 && m.Verdict.Whole == nil
			}},
		{"verdict", schema.Meta{Verdict: verdict("VALID", 3)}, schema.Meta{}, func(m schema.Meta) bool { return m.Verdict == nil }},
	} {
		dir := t.TempDir()
		a := write(t, filepath.Join(dir, "a.parquet"), c.a, row(1, 10))
		b := write(t, filepath.Join(dir, "b.parquet"), c.b, row(2, 11))
		if _, m, _ := merged(t, a, b); !c.want(m) {
			t.Errorf("%s of %+v and %+v is %+v", c.name, c.a, c.b, m)
		}
	}
}

// TestMergeWarnsOfTenants: names by different keys are no names of one client.
func TestMergeWarnsOfTenants(t *testing.T) {
	named, unnamed := row(1, 10), row(2, 11)
	named.Tenant = "t"
	also := row(3, 12)
	also.Tenant = "t"
	for _, c := range []struct {
		name  string
		a, b  schema.Meta
		other schema.Record
		warn  bool
	}{
		{"other keys", schema.Meta{KeyID: "k"}, schema.Meta{KeyID: "l"}, also, true},
		{"one key", schema.Meta{KeyID: "k"}, schema.Meta{KeyID: "k"}, also, false},
		{"a key without a name", schema.Meta{}, schema.Meta{}, also, true},
		{"one process", schema.Meta{TimeZero: 3, Host: "h"}, schema.Meta{TimeZero: 3, Host: "h"}, also, false},
		{"tenants in one file alone", schema.Meta{KeyID: "k"}, schema.Meta{KeyID: "l"}, unnamed, false},
	} {
		dir := t.TempDir()
		a := write(t, filepath.Join(dir, "a.parquet"), c.a, named)
		b := write(t, filepath.Join(dir, "b.parquet"), c.b, c.other)
		_, m, r := merged(t, a, b)
		if (len(r.Warnings) == 1) != c.warn || strings.Contains(string(m.Config), "different keys") != c.warn {
			t.Errorf("%s: warnings %q, config %s", c.name, r.Warnings, m.Config)
		}
	}
}
