package schema

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk has a disk that takes nothing for a while: what waits is there
// once it does.
func TestFullDisk(t *testing.T) {
	w, path := create(t)
	put(t, w, row(1))
	flush(w)
	full, err := os.Open(JournalPath(path)) // writes to it fail
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	w.mu.Lock()
	disk := w.journal.file
	w.journal.file = full
	w.mu.Unlock()
	put(t, w, row(2))
	flush(w)
	if err := w.Err(); err == nil || !strings.Contains(err.Error(), JournalPath(path)) {
		t.Errorf("a row could not be written, and Err is %v", err)
	}
	put(t, w, row(3))
	for range 2 {
		if err := w.Close(); err == nil || !strings.Contains(err.Error(), JournalPath(path)) {
			t.Fatalf("closing while the disk takes nothing: %v", err)
		}
	}
	w.journal.file = disk
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if rows := readAll(t, path); len(rows) != 3 {
		t.Errorf("%d rows, want 3: those that waited, too", len(rows))
	}
}

// TestDiskFullByTheKernel writes to a device that has no space.
func TestDiskFullByTheKernel(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	w, path := create(t)
	disk := w.journal.file
	w.mu.Lock()
	w.journal.file = full
	w.mu.Unlock()
	taken := 0
	for ; taken < 1000; taken++ { // until the backlog is full
		r := row(int64(taken))
		r.RequestBody = make([]byte, 1<<20)
		if err := w.Put(&r); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("a row is refused for %v, want no space", err)
			}
			break
		}
	}
	if most := maxBacklog>>20 + 4; taken > most || taken < 10 {
		t.Errorf("%d rows of 1 MiB wait in memory, want at most %d", taken, most)
	}
	if err := w.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("closing: %v", err)
	}
	w.journal.file = disk
	full.Close()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if rows := readAll(t, path); len(rows) != taken {
		t.Errorf("%d rows, want the %d that Put took", len(rows), taken)
	}
}
