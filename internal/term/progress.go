package term

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// isTerminal reports whether w is a terminal that a person looks at.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Progress rewrites one line on a terminal twice a second, and prints nothing
// anywhere else.
type Progress struct {
	w    io.Writer
	stop chan struct{}
	once sync.Once
	done chan struct{} // closed when nothing more is written
}

// StartProgress shows line() on w until Stop, if w is a terminal that can take it back.
func StartProgress(w io.Writer, line func() string) *Progress {
	p := &Progress{w: w, stop: make(chan struct{}), done: make(chan struct{})}
	if !isTerminal(w) || os.Getenv("TERM") == "dumb" {
		close(p.done)
		return p
	}
	go p.show(line)
	return p
}

func (p *Progress) show(line func() string) {
	defer close(p.done)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for shown := false; ; shown = true {
		select {
		case <-p.stop:
		case <-tick.C:
		}
		select {
		case <-p.stop: // whatever was due meanwhile: what line reads may be gone
			if shown {
				fmt.Fprint(p.w, "\r\x1b[K")
			}
			return
		default:
			fmt.Fprint(p.w, "\r\x1b[K"+p.fit(line()))
		}
	}
}

// Elapsed is the line of what does not count its steps: what is done, and for how long.
func Elapsed(what string) func() string {
	begin := time.Now()
	return func() string { return what + ", " + Seconds(time.Since(begin).Round(100*time.Millisecond).Seconds()) }
}

// Stop clears the line, unless the terminal takes nothing. Calling it again does nothing.
func (p *Progress) Stop() {
	p.once.Do(func() {
		close(p.stop)
		within(p.done)
	})
}

// patience is how long the end of a job waits for a writer that takes nothing: a terminal
// that was stopped with Ctrl-S, a pipe whose reader hangs.
const patience = 2 * time.Second

// within waits until done is closed, but no longer than that.
func within(done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(patience):
	}
}

// fit cuts a line to the terminal's width, so that it never wraps.
func (p *Progress) fit(line string) string {
	width, _, err := term.GetSize(int(p.w.(*os.File).Fd()))
	if r := []rune(line); err == nil && width > 1 && len(r) >= width {
		return string(r[:width-1])
	}
	return line
}
