package capture

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"metron/schema"
)

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
	meta  func() schema.Meta

	// sealed is told of each finished file, or why it is none yet, from any goroutine.
	sealed func(path string, rows int64, err error)
	closed chan struct{} // by close: no file is tried again
	retry  time.Duration // sealRetry, but in tests

	current *segment
	retired map[*segment]bool // still open for requests that began in them
	sealing sync.WaitGroup
}

// segment is one file on its way.
type segment struct {
	out     *schema.Writer
	path    string
	beganUS int64
	open    int // requests that began in it and have not ended

	// For its footer.
	seen, rows, dropped, failed int64
}

// acquire gives the file for a request that began at startUS, rotating first
// when it is time.
func (f *files) acquire(startUS int64) (*segment, error) {
	f.rotate(startUS)
	if f.current == nil {
		s, err := f.create(startUS)
		if err != nil {
			return nil, err
		}
		f.current = s
	}
	f.current.open++
	f.current.seen++
	return f.current, nil
}

// rotate ends the current file when it is time; one that nothing passed lives on.
func (f *files) rotate(nowUS int64) {
	if s := f.current; s != nil && s.seen > 0 &&
		(f.every > 0 && nowUS-s.beganUS >= f.every.Microseconds() || f.rows > 0 && s.rows >= f.rows ||
			f.bytes > 0 && s.out.Size() >= f.bytes) {
		f.retire()
	}
}

// countLost counts requests that no file knows of.
func (f *files) countLost(n int64) {
	if f.current != nil {
		f.current.seen += n
		f.current.dropped += n
	}
}

// create starts a file named by the moment it begins.
func (f *files) create(startUS int64) (*segment, error) {
	name := "capture-" + time.UnixMicro(startUS).UTC().Format("20060102T150405.000000Z") + ".parquet"
	path := filepath.Join(f.dir, name)
	out, err := f.out.Create(path, f.meta())
	if err != nil {
		return nil, fmt.Errorf("start a trace file: %w", err)
	}
	return &segment{out: out, path: path, beganUS: startUS}, nil
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
	s.out.SetMeta(func(m *schema.Meta) {
		m.Counters = map[string]int64{"seen": s.seen, "recorded": s.rows, "dropped": s.dropped, "failed": s.failed}
	})
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
		f.sealed(s.path, s.rows, err)
		switch {
		case err == nil:
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
	if f.current != nil {
		f.current.open = 0
	}
	f.retire()
	for s := range f.retired { // requests whose end was dropped
		f.seal(s)
	}
	f.sealing.Wait()
}
