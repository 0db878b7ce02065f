package capture

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"metron/schema"
)

// files are the trace files of a capture: one is written, older ones are
// sealed as soon as the last request that began in them has ended. Its
// methods but close belong to the recorder's goroutine.
type files struct {
	dir   string
	every time.Duration // rotate by time; 0: never
	rows  int64         // rotate by rows; 0: never
	meta  func() schema.Meta

	// sealed is told of each finished file, or why it is none, from any goroutine.
	sealed func(path string, rows int64, err error)

	current *segment
	retired map[*segment]bool // still open for requests that began in them
	sealing sync.WaitGroup
}

// segment is one file on its way.
type segment struct {
	out     *schema.Writer
	path    string
	beganUS int64
	rows    int64
	open    int // requests that began in it and have not ended
}

// acquire gives the file for a request that began at startUS, rotating first
// when it is time.
func (f *files) acquire(startUS int64) (*segment, error) {
	if s := f.current; s != nil &&
		(f.every > 0 && startUS-s.beganUS >= f.every.Microseconds() || f.rows > 0 && s.rows >= f.rows) {
		f.retire()
	}
	if f.current == nil {
		s, err := f.create(startUS)
		if err != nil {
			return nil, err
		}
		f.current = s
	}
	f.current.open++
	return f.current, nil
}

// create starts a file named by the moment it begins.
func (f *files) create(startUS int64) (*segment, error) {
	name := "capture-" + time.UnixMicro(startUS).UTC().Format("20060102T150405.000000Z") + ".parquet"
	path := filepath.Join(f.dir, name)
	out, err := schema.Create(path, f.meta())
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
	f.sealing.Go(func() { f.sealed(s.path, s.rows, s.out.Close()) })
}

// close seals everything, once the recorder has ended; counters go into the
// last file's footer.
func (f *files) close(counters map[string]int64) {
	if f.current != nil {
		f.current.out.SetMeta(func(m *schema.Meta) { m.Counters = counters })
		f.current.open = 0
	}
	f.retire()
	for s := range f.retired { // requests whose end was dropped
		f.seal(s)
	}
	f.sealing.Wait()
}
