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
	done sync.WaitGroup
}

// StartProgress shows line() on w until Stop, if w is a terminal.
func StartProgress(w io.Writer, line func() string) *Progress {
	p := &Progress{w: w, stop: make(chan struct{})}
	if !isTerminal(w) {
		return p
	}
	p.done.Go(func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				fmt.Fprint(w, "\r\x1b[K")
				return
			case <-tick.C:
				fmt.Fprint(w, "\r\x1b[K"+p.fit(line()))
			}
		}
	})
	return p
}

// Stop clears the line. It may be called once.
func (p *Progress) Stop() {
	close(p.stop)
	p.done.Wait()
}

// fit cuts a line to the terminal's width, so that it never wraps.
func (p *Progress) fit(line string) string {
	width, _, err := term.GetSize(int(p.w.(*os.File).Fd()))
	if r := []rune(line); err == nil && width > 1 && len(r) >= width {
		return string(r[:width-1])
	}
	return line
}
