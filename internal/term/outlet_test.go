package term

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// gate is a writer that takes nothing until it is opened.
type gate struct {
	open chan struct{}
	mu   sync.Mutex
	text strings.Builder
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.Write(p)
}

func (g *gate) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.String()
}

// TestOutletKeepsAll: a writer that takes what comes gets every line, in order, before Close
// returns; one longer than the room, too.
func TestOutletKeepsAll(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	o := NewOutlet(g)
	long := strings.Repeat("x", 2*outletBytes) + "\n"
	fmt.Fprint(o, long)
	o.Close()
	if g.String() != long {
		t.Errorf("%d bytes of a line of %d", len(g.String()), len(long))
	}
	g.text.Reset()
	o = NewOutlet(g)
	var want strings.Builder
	reused := make([]byte, 0, 100) // as log.Logger's
	for i := range 5000 {
		reused = fmt.Appendf(reused[:0], "line %d\n", i)
		want.Write(reused)
		o.Write(reused)
	}
	o.Close()
	if g.String() != want.String() {
		t.Error("lines are missing, or not in order")
	}
}

// TestOutletNeverWaits: lines that find no room are dropped and counted where they are
// missing, and those after them come again.
func TestOutletNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		o := NewOutlet(g)
		const written = 1000
		for i := range written {
			fmt.Fprintf(o, "%d %s\n", i, strings.Repeat("x", outletBytes/100))
		}
		close(g.open)
		synctest.Wait()
		fmt.Fprintln(o, "again")
		o.Close()
		lines := strings.Split(strings.TrimSuffix(g.String(), "\n"), "\n")
		kept := len(lines) - 2
		if kept < 90 || kept > 110 {
			t.Fatalf("%d lines were kept", kept)
		}
		for i, line := range lines[:kept] {
			if !strings.HasPrefix(line, fmt.Sprintf("%d x", i)) {
				t.Errorf("line %d is %.20q", i, line)
			}
		}
		if want := fmt.Sprintf("metron: %d lines are missing here: the output was stopped", written-kept); lines[kept] != want || lines[kept+1] != "again" {
			t.Errorf("then %q, want %q", lines[kept:], want)
		}
	})
}

// TestOutletCloses, in a bounded time, before a writer that takes nothing; what is written
// after that goes nowhere.
func TestOutletCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		o := NewOutlet(g)
		fmt.Fprintln(o, "a line")
		begin := time.Now()
		o.Close()
		if waited := time.Since(begin); waited != patience {
			t.Errorf("it waited %v", waited)
		}
		close(g.open)
		synctest.Wait()
		fmt.Fprintln(o, "too late")
		if g.String() != "a line\n" {
			t.Errorf("%q", g.String())
		}
	})
}
