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
	done sync.WaitGroup
}

// StartProgress shows line() on w until Stop, if w is a terminal that can take it back.
func StartProgress(w io.Writer, line func() string) *Progress {
	p := &Progress{w: w, stop: make(chan struct{})}
	if !isTerminal(w) || os.Getenv("TERM") == "dumb" {
		return p
	}
	p.done.Go(func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		shown := false
		for {
			select {
			case <-p.stop:
				if shown {
					fmt.Fprint(w, "\r\x1b[K")
				}
				return
			case <-tick.C:
				shown = true
				fmt.Fprint(w, "\r\x1b[K"+p.fit(line()))
			}
		}
	})
	return p
}

// Elapsed is the line of what does not count its steps: what is done, and for how long.
func Elapsed(what string) func() string {
	begin := time.Now()
	return func() string { return what + ", " + Seconds(time.Since(begin).Round(100*time.Millisecond).Seconds()) }
}

// Stop clears the line. Calling it again does nothing.
func (p *Progress) Stop() {
	p.once.Do(func() { close(p.stop) })
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
