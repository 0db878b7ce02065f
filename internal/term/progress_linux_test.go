package term

import (
	"strings"
	"testing"
	"time"

	"metron/internal/ttytest"
)

// TestStopOnStoppedTerminal: a terminal that takes nothing holds no command up.
func TestStopOnStoppedTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	tty := ttytest.Open(t)
	p := StartProgress(tty.Line, func() string { return "half of it" })
	frame := make([]byte, 100)
	if n, err := tty.Screen.Read(frame); err != nil || !strings.Contains(string(frame[:n]), "half") {
		t.Fatalf("it shows %q, %v", frame[:n], err)
	}
	tty.Stop(t)
	stopped := make(chan struct{})
	go func() {
		p.Stop()
		p.Stop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(10 * time.Second):
		t.Fatal("Stop waits for the terminal")
	}
}
