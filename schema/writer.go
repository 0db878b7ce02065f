package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	flushInterval = 200 * time.Millisecond // a crash loses at most this much
	flushRows     = 4096
	flushChunks   = 1 << 19 // bounds a batch's memory when answers are long
)

// Writer is the one door to a file: rows go to a journal beside it and become
// Parquet when the writer is closed. Put may be called from many goroutines.
type Writer struct {
	path, journalPath string

	mu      sync.Mutex // guards what follows
	meta    Meta
	journal *journal
	err     error // of the last flush by the clock, not yet told to a caller
	rows    int64

	stop    chan struct{}
	stopped bool // by Close or Abandon, which one goroutine calls
	done    sync.WaitGroup
}

// JournalPath names the journal that a file grows from.
func JournalPath(path string) string { return strings.TrimSuffix(path, ".parquet") + journalExt }

// Create starts a file. Its name must end in ".parquet" and appears only when
// Close has completed it; until then the rows stand in JournalPath(path).
func Create(path string, meta Meta) (*Writer, error) {
	if !strings.HasSuffix(path, ".parquet") {
		return nil, fmt.Errorf("create %q: the name of a trace or run ends in .parquet", path)
	}
	w := &Writer{path: path, journalPath: JournalPath(path), meta: meta.fill(), stop: make(chan struct{})}
	j, err := createJournal(w.journalPath, w.meta)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("create %q: %q is there: another metron writes it, or one was cut off (`metron inspect` reads it; move it away to go on)", path, w.journalPath)
	case err != nil:
		return nil, fmt.Errorf("create %q: %w", path, err)
	}
	w.journal = j
	w.done.Go(w.flushByClock)
	return w, nil
}

// Put appends a row and keeps nothing of it. Of several rows with one
// record_id the last is kept. An error other than of Record.Check means that
// rows could not be written yet: they are kept in memory and tried again.
func (w *Writer) Put(r *Record) error {
	if err := r.Check(); err != nil {
		return fmt.Errorf("row %s: %w", r.RecordID, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.journal.add(r)
	w.rows++
	if w.journal.pending() >= flushRows || w.journal.chunks >= flushChunks {
		w.flush()
	}
	err := w.err
	w.err = nil
	return err
}

// SetMeta changes the footer that Close will write.
func (w *Writer) SetMeta(change func(*Meta)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.meta)
}

// flush runs with mu held.
func (w *Writer) flush() {
	if err := w.journal.flush(false); err != nil {
		w.err = fmt.Errorf("write journal %q: %w", w.journalPath, err)
	}
}

func (w *Writer) flushByClock() {
	tick := time.NewTicker(flushInterval)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
			w.mu.Lock()
			w.flush()
			w.mu.Unlock()
		}
	}
}

// Close seals the journal into the Parquet file. When it fails the journal is
// kept, and the error names it.
func (w *Writer) Close() error {
	if err := w.stopJournal(); err != nil {
		return err
	}
	if err := seal(w.journalPath, w.path, w.meta); err != nil {
		return fmt.Errorf("seal %q: %w; what was recorded is in %q", w.path, err, w.journalPath)
	}
	return nil
}

// Abandon removes the journal without making a file: for a job that failed
// before it had anything worth keeping. It may follow a Close that failed.
func (w *Writer) Abandon() error {
	return errors.Join(w.stopJournal(), os.Remove(w.journalPath))
}

func (w *Writer) stopJournal() error {
	if w.stopped {
		return nil
	}
	w.stopped = true
	close(w.stop)
	w.done.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = nil
	w.flush()
	return errors.Join(w.err, w.journal.file.Close())
}

// syncFolder makes a rename in the folder of path durable.
func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
