package term

import (
	"fmt"
	"io"
	"sync"
)

// Outlet passes lines on, in order, to a writer that may take none for a while or for ever:
// a stopped terminal, a pipe whose reader hangs. Whoever writes to it never waits. What
// finds no room is dropped, and so is all that follows until what waits has gone out; then
// a line says how many are missing.
type Outlet struct {
	w    io.Writer
	done chan struct{} // closed once all has gone out after Close

	mu      sync.Mutex // guards what follows
	changed *sync.Cond
	waiting [][]byte
	bytes   int // of what waits
	dropped int64
	closed  bool
}

// outletBytes bounds what waits: some 2,000 lines.
const outletBytes = 256 << 10

// NewOutlet begins to pass lines on to w, until Close.
func NewOutlet(w io.Writer) *Outlet {
	o := &Outlet{w: w, done: make(chan struct{})}
	o.changed = sync.NewCond(&o.mu)
	go o.run()
	return o
}

// Write takes a line, which is what a call of fmt.Fprintf or of a log.Logger makes. It
// does not fail.
func (o *Outlet) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	full := len(o.waiting) > 0 && o.bytes+len(line) > outletBytes // alone, a line may be longer
	if o.closed || o.dropped > 0 || full {
		o.dropped++
	} else {
		o.waiting = append(o.waiting, append([]byte{}, line...))
		o.bytes += len(line)
	}
	o.changed.Signal()
	return len(line), nil
}

// Close waits until all has gone out, or for a moment where the writer takes nothing. What
// is written later is dropped.
func (o *Outlet) Close() {
	o.mu.Lock()
	o.closed = true
	o.changed.Signal()
	o.mu.Unlock()
	within(o.done)
}

func (o *Outlet) run() {
	defer close(o.done)
	for line := o.next(); line != nil; line = o.next() {
		_, _ = o.w.Write(line) // there is nowhere to tell of it
	}
}

// next waits for the line that is to go out; nil: there will be none.
func (o *Outlet) next() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) == 0 && o.dropped == 0 && !o.closed {
		o.changed.Wait()
	}
	switch {
	case len(o.waiting) > 0:
		line := o.waiting[0]
		o.waiting[0] = nil
		o.waiting = o.waiting[1:]
		o.bytes -= len(line)
		return line
	case o.dropped > 0:
		n := o.dropped
		o.dropped = 0
		return fmt.Appendf(nil, "metron: %s missing here: the output was stopped\n", Plural(n, "line is", "lines are"))
	}
	return nil
}
