package capture

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"metron/internal/term"
	"metron/schema"
)

// errGone is why a file can never be sealed.
var errGone = errors.New("somebody removed its journal")

// sealRetry is how long a file that could not be sealed waits for the next try.
const sealRetry = 10 * time.Second

// files are the trace files of a capture: one is written, older ones are
// sealed as soon as the last request that began in them has ended. Its
// methods but close belong to the recorder's goroutine.
type files struct {
	dir   string
	every time.Duration // rotate by time; 0: never
	rows  int64         // rotate by rows; 0: never
	bytes int64         // rotate by the size of the journal; 0: never
	out   schema.Config
	meta  schema.Meta

	maxDisk int64 // bytes of all files; 0: no bound
	removed func(path string, err error)
	room    sync.Mutex // one goroutine at a time makes room

	// sealed is told of each finished file, or why it is none yet, from any goroutine.
	sealed func(path string, rows int64, err error)
	lost   func(rows int64) // is told of those of one that was removed before, which are errGone to sealed
	closed chan struct{}    // by close: no file is tried again
	retry  time.Duration    // sealRetry, but in tests

	current *segment
	retired map[*segment]bool // still open for requests that began in them
	pending tally             // of requests that no file knows of yet
	sealing sync.WaitGroup
}

// segment is one file on its way.
type segment struct {
	out     *schema.Writer
	path    string
	beganUS int64
	open    int   // requests that began in it and have not ended
	tally   tally // for its footer
	gone    bool  // somebody has removed it
}

// acquire gives the file for a request, rotating first when it is time. A request may have
// begun long before: files are named and aged by when they do.
func (f *files) acquire(nowUS int64) (*segment, error) {
	f.rotate(nowUS, false)
	if err := f.begin(nowUS); err != nil {
		return nil, err
	}
	f.current.open++
	f.current.tally.seen++
	return f.current, nil
}

// begin sees that there is a current file.
func (f *files) begin(nowUS int64) error {
	if f.current != nil {
		return nil
	}
	s, err := f.create(nowUS)
	if err != nil {
		return err
	}
	f.current = s
	s.tally.add(f.pending)
	f.pending = tally{}
	return nil
}

// rotate ends the current file when it is time, or now; one that nothing passed
// lives on.
func (f *files) rotate(nowUS int64, now bool) {
	if s := f.current; s != nil && s.tally.seen > 0 &&
		(now || f.every > 0 && nowUS-s.beganUS >= f.every.Microseconds() || f.rows > 0 && s.tally.recorded >= f.rows ||
			f.bytes > 0 && s.out.Size() >= f.bytes) {
		f.retire()
	}
}

// count counts requests that began in no file.
func (f *files) count(t tally) {
	if f.current != nil {
		f.current.tally.add(t)
		return
	}
	f.pending.add(t)
}

// flush writes what waits to the journals.
func (f *files) flush() {
	if f.current != nil {
		_ = f.current.out.Flush() // the recorder asks for it once a second
	}
	for s := range f.retired {
		_ = s.out.Flush()
	}
}

// waiting is how long the oldest row has waited for its journal, of all files that
// are written, and why it still does; nil: nothing is wrong.
func (f *files) waiting() (longest time.Duration, err error) {
	look := func(s *segment) {
		longest = max(longest, s.out.Lag())
		if err == nil {
			err = s.out.Err()
		}
	}
	if f.current != nil {
		look(f.current)
	}
	for s := range f.retired {
		look(s)
	}
	return longest, err
}

// checkGone gives up files that somebody has removed, and tells how many finished
// rows went with them. Their requests in flight end in the next file.
func (f *files) checkGone() (rows int64) {
	if s := f.current; s != nil && s.out.Gone() {
		f.current = nil
		rows += f.giveUp(s)
	}
	for s := range f.retired {
		if s.out.Gone() {
			delete(f.retired, s)
			rows += f.giveUp(s)
		}
	}
	return rows
}

func (f *files) giveUp(s *segment) (rows int64) {
	s.gone = true
	_ = s.out.Keep() // nothing of it can be found
	lost := s.tally
	rows, lost.recorded = lost.recorded, 0
	lost.failed += rows
	lost.seen -= int64(s.open)
	f.count(lost)
	return rows
}

// create starts a file named by the moment it begins.
func (f *files) create(nowUS int64) (*segment, error) {
	name := "capture-" + time.UnixMicro(nowUS).UTC().Format("20060102T150405.000000Z") + ".parquet"
	path := filepath.Join(f.dir, name)
	out, err := f.out.Create(path, f.meta)
	if err != nil {
		return nil, fmt.Errorf("start a trace file: %w", err)
	}
	return &segment{out: out, path: path, beganUS: nowUS}, nil
}

// release says that a request of s has ended.
func (f *files) release(s *segment) {
	s.open--
	if s.open == 0 && f.retired[s] {
		f.seal(s)
	}
}

// retire ends the current file once its requests have ended.
func (f *files) retire() {
	s := f.current
	f.current = nil
	switch {
	case s == nil:
	case s.open == 0:
		f.seal(s)
	default:
		if f.retired == nil {
			f.retired = map[*segment]bool{}
		}
		f.retired[s] = true
	}
}

// seal completes a file beside the traffic.
func (f *files) seal(s *segment) {
	delete(f.retired, s)
	s.out.SetMeta(func(m *schema.Meta) { m.Counters = s.tally.counters() })
	f.sealing.Go(func() { f.complete(s) })
}

// complete closes a file. On a disk that is full it tries again, so that what
// waits in memory is not lost, until the capture ends.
func (f *files) complete(s *segment) {
	for wait := f.retry; ; wait = min(2*wait, 32*f.retry) {
		last := false
		select {
		case <-f.closed:
			last = true
		default:
		}
		err := s.out.Close()
		if err != nil && s.out.Gone() {
			_ = s.out.Keep() // nothing of it can be found
			f.lost(s.tally.recorded)
			f.sealed(s.path, s.tally.recorded, fmt.Errorf("seal %s: %w, and %s with it", s.path, errGone, term.Plural(s.tally.recorded, "row", "rows")))
			return
		}
		f.sealed(s.path, s.tally.recorded, err)
		switch {
		case err == nil:
			f.makeRoom()
			return
		case last:
			_ = s.out.Keep() // Close has said all there is to say
			return
		}
		select {
		case <-f.closed:
		case <-time.After(wait):
		}
	}
}

// close seals everything, once the recorder has ended.
func (f *files) close() {
	close(f.closed)
	if s := f.current; s != nil && s.tally == (tally{}) {
		f.current = nil
		_ = s.out.Abandon() // opened to see whether it could be
	}
	if f.current != nil {
		f.current.open = 0
	}
	f.retire()
	for s := range f.retired { // requests whose end was dropped
		f.seal(s)
	}
	f.sealing.Wait()
}
