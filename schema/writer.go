package schema

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

const (
	flushInterval = 200 * time.Millisecond
	flushRows     = 4096
	flushBytes    = 2 << 20  // bounds a batch's memory when answers are long
	maxBacklog    = 32 << 20 // bytes that wait in memory for a disk that takes nothing
)

// Config says how files are written. The zero value is right for most.
type Config struct {
	// Flush is how long a row may stay in memory, where a crash loses it; 0: 200 ms,
	// below 0: until Writer.Flush is called.
	Flush time.Duration
}

// Writer is the one door to a file: rows go to a journal beside it and become
// Parquet when the writer is closed. Put may be called from many goroutines.
type Writer struct {
	path, journalPath string

	mu      sync.Mutex // guards what follows
	meta    Meta
	journal *journal
	err     error     // of the last flush, nil once everything is written
	oldest  time.Time // when the oldest row that has not reached the journal was put; zero: all have

	flushEvery time.Duration
	stop       chan struct{}
	stopped    bool // by Close or Abandon, which one goroutine calls
	done       sync.WaitGroup
}

// JournalPath names the journal that a file grows from.
func JournalPath(path string) string { return strings.TrimSuffix(path, ".parquet") + journalExt }

// Create starts a file. Its name must end in ".parquet" and appears only when
// Close has completed it; until then the rows stand in JournalPath(path).
func Create(path string, meta Meta) (*Writer, error) { return Config{}.Create(path, meta) }

// Create starts a file as the package's Create does.
func (c Config) Create(path string, meta Meta) (*Writer, error) {
	if !strings.HasSuffix(path, ".parquet") {
		return nil, fmt.Errorf("create %q: the name of a trace or run ends in .parquet", path)
	}
	w := &Writer{path: path, journalPath: JournalPath(path), meta: meta.fill(),
		flushEvery: cmp.Or(c.Flush, flushInterval), stop: make(chan struct{})}
	j, err := createJournal(w.journalPath, w.meta)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("create %q: %q is there: another metron writes it, or one was cut off (`metron recover` completes it)", path, w.journalPath)
	case err != nil:
		return nil, fmt.Errorf("create %q: %w", path, err)
	}
	w.journal = j
	if w.flushEvery > 0 {
		w.done.Go(w.flushByClock)
	}
	return w, nil
}

// Put takes a row and keeps no reference to it. Of several rows with one
// record_id the last is kept. A row outlives the process, however that ends, once
// a flush has followed its Put, at most Config.Flush later; the machine's own
// crash it outlives once Close has returned. An error means that the row was not taken: it is
// invalid, or the disk takes nothing and too much waits for it already.
func (w *Writer) Put(r *Record) error {
	if err := r.Check(); err != nil {
		return fmt.Errorf("row %s: %w", r.RecordID, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil && w.journal.encoded.Len() > maxBacklog {
		return fmt.Errorf("row %s is lost: %d bytes wait for the disk: %w", r.RecordID, w.journal.encoded.Len(), w.err)
	}
	w.journal.add(r)
	if w.oldest.IsZero() {
		w.oldest = time.Now()
	}
	if w.journal.pending() >= flushRows || w.journal.bytes >= flushBytes {
		w.flush()
	}
	return nil
}

// Err says why rows that were taken have not reached the journal, if they have
// not; they are kept in memory and tried again.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Flush writes what waits to the journal; the error is that of Err.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
	return w.err
}

// Lag is how long the oldest row that has not reached the journal waits for it;
// 0: none does.
func (w *Writer) Lag() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.oldest.IsZero() {
		return 0
	}
	return time.Since(w.oldest)
}

// SetMeta changes the footer that Close will write.
func (w *Writer) SetMeta(change func(*Meta)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.meta)
}

// flush runs with mu held.
func (w *Writer) flush() {
	w.err = w.journal.flush(false)
	if w.err != nil {
		w.err = fmt.Errorf("write journal %q: %w", w.journalPath, w.err)
		return
	}
	w.oldest = time.Time{}
}

func (w *Writer) flushByClock() {
	tick := time.NewTicker(w.flushEvery)
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
// kept, and the error names it; Close may be called again, and nothing that Put
// took is lost until Keep or Abandon gives up.
func (w *Writer) Close() error {
	if err := w.drain(); err != nil {
		return err
	}
	if err := w.seal(); err != nil {
		return fmt.Errorf("seal %q: %w; what was recorded is in %q: `metron recover` completes it", w.path, err, w.journalPath)
	}
	return nil
}

// seal keeps the claim on the journal until nothing of it is left.
func (w *Writer) seal() error {
	j, err := openJournal(w.journalPath)
	if err != nil {
		return err
	}
	err = seal(j, w.path, w.meta, w.journal.size)
	if err = errors.Join(err, j.file.Close()); err != nil {
		return err
	}
	return removeJournal(w.journal.file)
}

// Size is the size of the journal in bytes.
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.journal.size
}

// Gone reports whether somebody has removed or replaced the journal: what is
// written to it then nobody will find.
func (w *Writer) Gone() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return lostName(w.journal.file)
}

// Journal names the file that rows stand in until Close.
func (w *Writer) Journal() string { return w.journalPath }

// Keep ends the writer and leaves its journal, for a job that failed after it
// had recorded something. It may follow a Close that failed.
func (w *Writer) Keep() error { return errors.Join(w.drain(), w.journal.file.Close()) }

// Abandon removes the journal without making a file: for a job that failed
// before it had anything worth keeping. It may follow a Close that failed.
func (w *Writer) Abandon() error {
	_ = w.drain() // what it could not write is not wanted
	return removeJournal(w.journal.file)
}

// drain ends the flushing by the clock and writes what waits. Where the disk
// takes nothing it may be tried again.
func (w *Writer) drain() error {
	if !w.stopped {
		w.stopped = true
		close(w.stop)
		w.done.Wait()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
	return w.err
}

// syncFolder makes a rename in the folder of path durable.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // a folder cannot be synced there
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
