package capture

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"metron/internal/term"
	"metron/schema"
)

// teller says on a command's outputs what becomes of the files of a recording. Whoever
// records waits for these, so they are such as never make a writer wait.
type teller struct {
	out, err io.Writer

	mu       sync.Mutex       // guards what follows
	unsealed map[string]error // by file
}

// tell has a recording told on a command's outputs.
func (c *Recording) tell(out, err io.Writer) *teller {
	t := &teller{out: out, err: err, unsealed: map[string]error{}}
	c.Sealed, c.Recovered, c.Removed, c.Warn, c.Fault = t.sealed, t.recovered, t.removed, t.warn, t.fault
	return t
}

func (t *teller) sealed(path string, rows int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		fmt.Fprintf(t.err, "metron: %v\n", err)
		if t.unsealed[path] = err; errors.Is(err, errGone) { // its rows count as failed
			delete(t.unsealed, path)
		}
		return
	}
	delete(t.unsealed, path)
	fmt.Fprintf(t.out, "sealed %s: %s\n", path, term.Plural(rows, "row", "rows"))
}

func (t *teller) removed(path string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		fmt.Fprintf(t.err, "metron: make room: %v\n", err)
		return
	}
	fmt.Fprintf(t.out, "removed %s to make room\n", path)
}

func (t *teller) fault(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.err, "metron: traffic goes on: %v\n", err)
}

func (t *teller) recovered(r schema.Recovery, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err != nil:
		fmt.Fprintf(t.err, "metron: an earlier capture was cut off: %v\n", err)
	case r.DamagedBytes > 0:
		fmt.Fprintf(t.err, "metron: an earlier capture's journal was damaged: %s has %s of it, it is kept as %s\n", r.File, term.Plural(r.Rows, "row", "rows"), r.Kept)
	case r.File != "":
		fmt.Fprintf(t.out, "recovered %s: %s of a capture that was cut off\n", r.File, term.Plural(r.Rows, "row", "rows"))
	}
}

func (t *teller) warn(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		fmt.Fprintf(t.err, "metron: not recording, traffic goes on: %v\n", err)
		return
	}
	fmt.Fprintln(t.err, "metron: recording again")
}

// outcome is the error that a recording into dir ends with, of which failed
// requests were lost to the disk.
func (t *teller) outcome(dir string, failed int64, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, sealErr := range t.unsealed {
		return term.WithHint(fmt.Errorf("not every file could be sealed: %w", sealErr), "the journal holds what reached the disk; once there is room, `metron recover %s` completes it", dir)
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d requests could not be recorded", failed)
	}
	return err
}
