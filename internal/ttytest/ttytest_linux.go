package ttytest

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Terminal is one whose screen the test reads.
type Terminal struct {
	Screen *os.File // what was written to it
	Line   *os.File // what programs write to
}

// Open makes a terminal, which goes with the test, and skips the test where there is none.
func Open(t *testing.T) Terminal {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { line.Close() })
	return Terminal{screen, line}
}

// Stop makes writes to it wait until the test has ended.
func (e Terminal) Stop(t *testing.T) {
	t.Helper()
	flow := func(action int) {
		if err := unix.IoctlSetInt(int(e.Line.Fd()), unix.TCXONC, action); err != nil {
			t.Error(err)
		}
	}
	flow(unix.TCOOFF)
	t.Cleanup(func() { flow(unix.TCOON) })
}
