package capture

import (
	"strings"
	"testing"

	"metron/internal/ttytest"
)

// TestSecondSignalOnStoppedTerminal: Ctrl-S before Ctrl-C, twice.
func TestSecondSignalOnStoppedTerminal(t *testing.T) {
	tty := ttytest.Open(t)
	cutBySignals(t, tty.Line, func() {
		shown := ""
		for piece := make([]byte, 100); !strings.Contains(shown, "in flight 1"); {
			n, err := tty.Screen.Read(piece)
			if err != nil {
				t.Fatal(err)
			}
			shown += string(piece[:n])
		}
		tty.Stop(t)
	})
}
