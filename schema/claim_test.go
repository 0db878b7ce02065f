package schema

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestClaimLastsUntilTheJournalIsGone: neither while a file is sealed nor after
// that failed may another process recover it.
func TestClaimLastsUntilTheJournalIsGone(t *testing.T) {
	w, path := create(t)
	put(t, w, row(1))
	live := func(when string) {
		t.Helper()
		if _, err := Recover(JournalPath(path)); !errors.Is(err, ErrLive) {
			t.Errorf("recovering a journal %s: %v", when, err)
		}
	}
	live("that is written")
	if err := w.drain(); err != nil {
		t.Fatal(err)
	}
	live("that is about to be sealed")
	inTheWay := filepath.Join(path, "in the way")
	if err := os.MkdirAll(inTheWay, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil {
		t.Fatal("closing onto a folder")
	}
	live("whose writer may close again")
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if rows := readAll(t, path); len(rows) != 1 {
		t.Errorf("%d rows, want 1", len(rows))
	}
}

// TestRecoveryBesideWriters recovers a folder over and over in which files
// begin and end: nothing is taken from them.
func TestRecoveryBesideWriters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stop, done := make(chan struct{}), sync.WaitGroup{}
	for range 2 {
		done.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				journals, err := Journals(dir)
				if err != nil {
					t.Error(err)
				}
				for _, j := range journals {
					if _, err := Recover(j); err != nil && !errors.Is(err, ErrLive) && !errors.Is(err, os.ErrNotExist) {
						t.Error(err)
					}
				}
			}
		})
	}
	const files = 100
	for i := range files {
		w, err := Create(filepath.Join(dir, fmt.Sprint(i, ".parquet")), Meta{Vantage: VantageCapture})
		if err != nil {
			t.Fatal(err)
		}
		put(t, w, row(int64(i)))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	done.Wait()
	for i := range files {
		f, err := Open(filepath.Join(dir, fmt.Sprint(i, ".parquet")))
		if err != nil {
			t.Fatal(err)
		}
		if _, recovered := f.Meta().Counters["recovered"]; recovered || f.NumRows() != 1 {
			t.Errorf("file %d: %d rows, counters %v", i, f.NumRows(), f.Meta().Counters)
		}
		f.Close()
	}
}

// TestFlushInterval: a row is in the journal one interval after its Put.
func TestFlushInterval(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w, err := Config{Flush: 30 * time.Millisecond}.Create(filepath.Join(dir, "run.parquet"), Meta{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			time.Sleep(time.Duration(7*i) * time.Millisecond)
			put(t, w, row(int64(i)))
			time.Sleep(30 * time.Millisecond)
			synctest.Wait()
			if rows := readAll(t, w.Journal()); len(rows) != i+1 {
				t.Errorf("%d rows are in the journal, want %d", len(rows), i+1)
			}
		}
		if err := w.Abandon(); err != nil { // a codec's goroutines outlive the bubble
			t.Fatal(err)
		}
	})
}

// TestRecoverLeavesOtherFiles: what is no journal is not removed.
func TestRecoverLeavesOtherFiles(t *testing.T) {
	for name, data := range map[string]string{"short": "hello", "zeros": "\x00\x00\x00\x00\x00\x00\x00\x00\x00", "text": "hello, this is not a stream"} {
		path := filepath.Join(t.TempDir(), name+journalExt)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Recover(path); err == nil || !strings.Contains(err.Error(), "not an Arrow IPC stream") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestContentBoundsBatchesAndGroups: rows with large bodies fill neither a batch
// of the journal nor a row group by their number alone.
func TestContentBoundsBatchesAndGroups(t *testing.T) {
	w, path := create(t)
	const rows, body = 40, 1 << 20
	for i := range rows {
		r := row(int64(i))
		r.RequestBody = bytes.Repeat([]byte{byte(i)}, body)
		put(t, w, r)
		if w.mu.Lock(); w.journal.bytes >= flushBytes {
			t.Errorf("%d bytes wait for a flush", w.journal.bytes)
		}
		w.mu.Unlock()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, g := range f.parquet.RowGroups() {
		if g.NumRows() > groupBytes/body {
			t.Errorf("row group %d has %d rows of %d bytes, over %d in all", i, g.NumRows(), body, groupBytes)
		}
	}
	if f.NumRows() != rows {
		t.Errorf("%d rows", f.NumRows())
	}
}
