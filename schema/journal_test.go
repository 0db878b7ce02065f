package schema

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func row(startUS int64) Record {
	return Record{RecordID: uuid.New(), StartTime: startUS, Phase: PhaseMeasure, API: APIChat, Method: "POST",
		Path: "/v1/chat/completions", ChoiceCount: 1, TokenSource: TokenSourceChunks, Outcome: OutcomeUnknown, Recorded: RecordedLengths}
}

func create(t *testing.T) (*Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.parquet")
	w, err := Create(path, Meta{Vantage: VantageReplay})
	if err != nil {
		t.Fatal(err)
	}
	return w, path
}

func put(t *testing.T, w *Writer, r Record) {
	t.Helper()
	if err := w.Put(&r); err != nil {
		t.Fatal(err)
	}
}

// flush makes what was put reach the journal, and gives its size then.
func flush(w *Writer) (size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
	return w.journal.size
}

// flushed begins a file of n rows, at 0, 1, 2 us and so on, each a batch of the
// journal, and says where the batches end.
func flushed(t *testing.T, n int) (w *Writer, path string, ends []int64) {
	t.Helper()
	w, path = create(t)
	for i := range n {
		put(t, w, row(int64(i)))
		ends = append(ends, flush(w))
	}
	return w, path, ends
}

// kept is a journal that a crash left: its path and bytes, and where its batches end.
func kept(t *testing.T, rows int) (journal string, whole []byte, ends []int64) {
	t.Helper()
	w, path, ends := flushed(t, rows)
	if err := w.Keep(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(JournalPath(path))
	if err != nil {
		t.Fatal(err)
	}
	return JournalPath(path), whole, ends
}

func TestLastRowOfARecordIsKept(t *testing.T) {
	w, path := create(t)
	late, early := row(2000), row(1000)
	put(t, w, late)
	put(t, w, early)
	late.Outcome, late.ChunkTime, late.ChunkKind = OutcomeOK, []int64{5, 9}, []int8{KindContent, KindDone}
	put(t, w, late)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := readAll(t, path)
	if len(got) != 2 || got[0].RecordID != early.RecordID || got[1].RecordID != late.RecordID {
		t.Fatalf("rows are not one a record, sorted by start_time: %+v", got)
	}
	if got[0].Outcome != OutcomeUnknown || got[1].Outcome != OutcomeOK || len(got[1].ChunkTime) != 2 {
		t.Errorf("outcomes %s, %s; the last row of a record should be kept", got[0].Outcome, got[1].Outcome)
	}
}

// TestTornJournal cuts a journal at every length: each cut reads as the
// complete batches before it.
func TestTornJournal(t *testing.T) {
	_, whole, ends := kept(t, 4)
	head := ends[0] - (ends[1] - ends[0]) // the schema and the empty first batch
	torn := filepath.Join(t.TempDir(), "torn"+journalExt)
	for cut := head; cut <= int64(len(whole)); cut += 199 {
		if err := os.WriteFile(torn, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, end := range ends {
			if cut >= end {
				want++
			}
		}
		if got := len(readAll(t, torn)); got != want {
			t.Fatalf("cut at %d of %d: %d rows, want %d (batches end at %v)", cut, len(whole), got, want, ends)
		}
	}
}

// TestFailedCloseKeepsTheJournal: a folder stands where the file should go.
func TestFailedCloseKeepsTheJournal(t *testing.T) {
	w, path := create(t)
	put(t, w, row(7))
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "run.arrows") {
		t.Fatalf("closing onto a folder: %v, want an error that names the journal", err)
	}
	if got := readAll(t, JournalPath(path)); len(got) != 1 || got[0].StartTime != 7 {
		t.Errorf("the journal holds %+v", got)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*.tmp")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if err := w.Abandon(); err != nil {
		t.Errorf("abandoning it: %v", err)
	}
}

// TestDamagedJournalIsKept: what cannot be read whole is not sealed short.
func TestDamagedJournalIsKept(t *testing.T) {
	w, path, _ := flushed(t, 3)
	f, err := os.OpenFile(w.journalPath, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 2000), w.journal.size/2); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), "run.arrows") {
		t.Errorf("closing over a damaged journal: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was made of it")
	}
	if _, err := os.Stat(w.journalPath); err != nil {
		t.Errorf("the journal is gone: %v", err)
	}
}

// TestSizesAgree: a row weighs the same before it is journalled and after.
func TestSizesAgree(t *testing.T) {
	w, _ := create(t)
	defer w.Abandon()
	var want []int32
	for i := range 4 {
		r := row(int64(i))
		r.ChunkTime, r.ChunkKind = make([]int64, 3*i), make([]int8, 3*i)
		r.BlockHashes, r.RequestBody, r.ResponseBody = make([]int64, 5*i), make([]byte, 7*i), make([]byte, 11*i)
		put(t, w, r)
		want = append(want, int32(512+i*(3*17+5*8+7+11)))
		if got := int32(r.bytes()); got != want[i] {
			t.Errorf("row %d: %d bytes, want %d", i, got, want[i])
		}
	}
	flush(w)
	j, err := openJournal(w.journalPath)
	if err != nil {
		t.Fatal(err)
	}
	defer j.file.Close()
	index, err := j.index()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range index.places {
		if p.bytes != want[i] {
			t.Errorf("row %d: %d bytes in the journal, want %d", i, p.bytes, want[i])
		}
	}
}

func TestLiveJournalReads(t *testing.T) {
	w, path := create(t)
	put(t, w, row(7))
	flush(w)
	if got := readAll(t, JournalPath(path)); len(got) != 1 || got[0].StartTime != 7 {
		t.Errorf("live journal reads as %+v", got)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "run.arrows") {
		t.Errorf("opening the unfinished file should point to its journal, got %v", err)
	}
	if _, err := Create(path, Meta{}); err == nil || !strings.Contains(err.Error(), "run.arrows") {
		t.Errorf("a second writer should be refused, got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRowGroupsAreBounded(t *testing.T) {
	w, path := create(t)
	const n = groupRows + 100
	for i := range n {
		r := row(int64(n - i)) // backwards, so that the seal must sort
		put(t, w, r)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	batches, rows := 0, int64(0)
	for b, err := range f.Batches("start_time", "session_id") {
		if err != nil {
			t.Fatal(err)
		}
		batches++
		rows += b.NumRows()
	}
	if batches != 2 || rows != n {
		t.Errorf("%d batches with %d rows, want 2 with %d", batches, rows, n)
	}
}

func TestPutRefusesWhatCannotBe(t *testing.T) {
	w, _ := create(t)
	defer w.Abandon()
	bad := row(0)
	bad.ChunkTime, bad.ChunkKind = []int64{1, 2}, []int8{0}
	if err := w.Put(&bad); err == nil || !strings.Contains(err.Error(), "chunk_kind has 1 entries") {
		t.Errorf("got %v", err)
	}
	bad = row(0)
	bad.Outcome = "fine"
	if err := w.Put(&bad); err == nil || !strings.Contains(err.Error(), `outcome "fine"`) {
		t.Errorf("got %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	w, path := create(t)
	put(t, w, row(1))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"empty.parquet", "the file is empty", nil},
		{"text.parquet", "not a Parquet file", []byte("TIMESTAMP,ContextTokens\n")},
		{"short.parquet", "cut short", good[:len(good)/2]},
		{"bad-footer.parquet", "damaged", append(append([]byte{}, good[:len(good)-60]...), good[len(good)-20:]...)},
		{"huge-footer.parquet", "claims 4294967040", append(append([]byte{}, good[:len(good)-8]...), 0, 0xff, 0xff, 0xff, 'P', 'A', 'R', '1')},
		{"text.arrows", "not an Arrow IPC stream", []byte("hello, this is not a stream")},
	} {
		p := filepath.Join(dir, c.name)
		if err := os.WriteFile(p, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(p); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: got %v, want an error with %q and the name", c.name, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(dir, "none.parquet")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("missing file: %v", err)
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct{ version, want string }{
		{"1.0", ""}, {"1.7", ""}, {"2.0", "update metron"}, {"", "not written by metron"}, {"x", "is not one"},
	} {
		err := Meta{SchemaVersion: c.version}.checkVersion()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("version %q: %v, want %q", c.version, err, c.want)
		}
	}
}

// TestGone: a journal whose name another file has, or nobody, is gone; one that cannot be
// looked at is not.
func TestGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := Create(filepath.Join(dir, "a.parquet"), Meta{Vantage: VantageCapture})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Keep()
	elsewhere := dir + " elsewhere"
	for _, c := range []struct {
		what   string
		change func() error
		gone   bool
	}{
		{"it stands", func() error { return nil }, false},
		{"its folder is a link to itself", func() error { return errors.Join(os.Rename(dir, elsewhere), os.Symlink(dir, dir)) }, false},
		{"its folder is back", func() error { return errors.Join(os.Remove(dir), os.Rename(elsewhere, dir)) }, false},
		{"another has its name", func() error {
			return errors.Join(os.Remove(w.Journal()), os.WriteFile(w.Journal(), nil, 0o644))
		}, true},
		{"it is removed", func() error { return os.Remove(w.Journal()) }, true},
	} {
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		if w.Gone() != c.gone {
			t.Errorf("%s: gone is %v", c.what, !c.gone)
		}
	}
}
