package schema

import (
	"cmp"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// builtRow is row n, at a moment.
func builtRow(n int, startUS int64) *Record {
	r := &Record{StartTime: startUS, Outcome: OutcomeOK, Phase: PhaseMeasure, Recorded: RecordedLengths, ChoiceCount: 1,
		InputTokens: new(int64(n)), ChunkTime: []int64{1, 2}, ChunkKind: []int8{0, 0}, ChunkRead: []int32{4, 9}}
	binary.BigEndian.PutUint64(r.RecordID[:], uint64(n)+1)
	return r
}

// TestBuilderSorts: whatever the order of the rows and the size of the window, the
// file has them by start_time, rows of one moment in the order of their Put.
func TestBuilderSorts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "build")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "x.parquet")
		b, err := NewBuilder(path, Meta{Vantage: VantageImport})
		if err != nil {
			t.Fatal(err)
		}
		b.most = rapid.IntRange(1, 9).Draw(t, "window")
		starts := rapid.SliceOfN(rapid.Int64Range(0, 40), 0, 120).Draw(t, "starts")
		var want []*Record
		r := new(Record)
		for i, start := range starts {
			*r = *builtRow(i, start) // the builder keeps no reference
			if err := b.Put(r); err != nil {
				t.Fatal(err)
			}
			want = append(want, builtRow(i, start))
		}
		b.SetMeta(func(m *Meta) { m.TimeZero = 7 })
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		slices.SortStableFunc(want, func(r, s *Record) int { return cmp.Compare(r.StartTime, s.StartTime) })
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if f.Meta().TimeZero != 7 {
			t.Errorf("footer %+v", f.Meta())
		}
		n := 0
		for got, err := range f.Records() {
			if err != nil {
				t.Fatal(err)
			}
			if got.RecordID != want[n].RecordID || got.StartTime != want[n].StartTime || *got.InputTokens != *want[n].InputTokens ||
				len(got.ChunkRead) != 2 || got.ChunkRead[0] == got.ChunkRead[1] {
				t.Fatalf("row %d is %+v, want %+v", n, got, want[n])
			}
			n++
		}
		if n != len(want) {
			t.Fatalf("%d rows, want %d", n, len(want))
		}
		onlyFile(t, dir, "x.parquet")
	})
}

func onlyFile(t interface{ Fatalf(string, ...any) }, dir string, names ...string) {
	entries, err := os.ReadDir(dir)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if err != nil || !slices.Equal(got, names) {
		t.Fatalf("the folder holds %v, want %v (%v)", got, names, err)
	}
}

func TestBuilderLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.parquet")
	fill := func(b *Builder) {
		b.most = 2
		for n := range 50 {
			if err := b.Put(builtRow(n, int64(-n))); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := NewBuilder(path, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	fill(b)
	if _, err := NewBuilder(path, Meta{}); err == nil || !strings.Contains(err.Error(), "another metron") {
		t.Errorf("a second builder of one file: %v", err)
	}
	if err := b.Put(&Record{}); err == nil || !strings.Contains(err.Error(), "record_id is missing") {
		t.Errorf("an invalid row: %v", err)
	}
	if err := b.Abandon(); err != nil {
		t.Fatal(err)
	}
	onlyFile(t, dir)

	// What a crash left is swept away, though its claim is not there any more.
	for _, name := range []string{".x.parquet.run-1", ".x.parquet.run-17", ".x.parquet.claim"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if b, err = NewBuilder(path, Meta{Privacy: RecordedLengths}); err != nil {
		t.Fatal(err)
	}
	fill(b)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	onlyFile(t, dir, "x.parquet")

	// A folder in its place: the rename fails, and nothing is left but the folder.
	blocked := filepath.Join(dir, "y.parquet")
	if err := os.MkdirAll(filepath.Join(blocked, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if b, err = NewBuilder(blocked, Meta{}); err != nil {
		t.Fatal(err)
	}
	fill(b)
	if err := b.Close(); err == nil || !strings.Contains(err.Error(), "y.parquet") {
		t.Errorf("built over a folder: %v", err)
	}
	onlyFile(t, dir, "x.parquet", "y.parquet")
}

// TestBuilderPermissions: content is its owner's, the rest as a new file is.
func TestBuilderPermissions(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(plain)
	if err != nil {
		t.Fatal(err)
	}
	for privacy, want := range map[string]os.FileMode{RecordedContent: 0o600, RecordedLengths: info.Mode()} {
		path := filepath.Join(dir, privacy+".parquet")
		b, err := NewBuilder(path, Meta{Privacy: RecordedContent})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Put(builtRow(0, 0)); err != nil {
			t.Fatal(err)
		}
		b.SetMeta(func(m *Meta) { m.Privacy = privacy })
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 != want.Perm()&0o077 {
			t.Errorf("%s: mode %v, want %v (%v)", privacy, info.Mode(), want, err)
		}
	}
}

func TestBuilderMinds(t *testing.T) {
	dir := t.TempDir()
	if _, err := NewBuilder(filepath.Join(dir, "x.csv"), Meta{}); err == nil {
		t.Error("a name that does not end in .parquet was taken")
	}
	w, err := Create(filepath.Join(dir, "x.parquet"), Meta{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abandon()
	if _, err := NewBuilder(filepath.Join(dir, "x.parquet"), Meta{}); err == nil || !strings.Contains(err.Error(), "x.arrows") {
		t.Errorf("a file that a writer writes: %v", err)
	}
}

// TestCloneSharesNothing: every pointer and list of a copy is its own.
func TestCloneSharesNothing(t *testing.T) {
	r := builtRow(3, 4)
	r.RequestBody, r.FinishReasons, r.SourceRecordID = []byte("a"), []string{"stop"}, uuid.New()
	c := r.clone()
	*r.InputTokens, r.RequestBody[0], r.FinishReasons[0], r.ChunkTime[0] = 9, 'b', "length", 77
	if *c.InputTokens != 3 || string(c.RequestBody) != "a" || c.FinishReasons[0] != "stop" || c.ChunkTime[0] != 1 || c.SourceRecordID != r.SourceRecordID {
		t.Errorf("copy changed: %+v", c)
	}
}
