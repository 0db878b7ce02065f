package capture

import (
	"fmt"

	"metron/internal/term"
)

// Progress is the live line.
func (s *Server) Progress() string {
	c, inFlight := s.recorder.counts.tally(), term.Count(s.recorder.counts.inFlight.Load())
	if s.Unrecorded {
		return fmt.Sprintf("in flight %s  seen %s  not recording, as asked", inFlight, term.Count(c.seen))
	}
	line := fmt.Sprintf("in flight %s  seen %s  recorded %s", inFlight, term.Count(c.seen), term.Count(c.recorded))
	if n := c.sampledOut + c.filtered; n > 0 {
		line += fmt.Sprintf("  left out %s", term.Count(n))
	}
	if n := c.dropped + c.failed; n > 0 {
		line += fmt.Sprintf("  NOT recorded %s", term.Count(n))
	}
	if n := c.toHash + c.toLengths; n > 0 {
		line += fmt.Sprintf("  without content %s", term.Count(n))
	}
	if held := s.recorder.budget.held.Load(); held > s.recorder.budget.limit/10 {
		line += fmt.Sprintf("  memory %d %%", 100*held/s.recorder.budget.limit)
	}
	if !s.IsRecording() {
		line += "  NOT RECORDING"
	}
	return line
}

// IsRecording reports whether rows reach the disk; the traffic goes on either way.
func (s *Server) IsRecording() bool { return !s.Unrecorded && s.recorder.recording() }

// Rotate begins a new file, if the current one has anything in it.
func (s *Server) Rotate() { s.recorder.reopen.Store(true) }

// Summary says what became of the requests that passed.
func (s *Server) Summary() string { return s.recorder.counts.summary() }

func (c *counts) summary() string {
	t := c.tally()
	line := fmt.Sprintf("requests seen %s, recorded %s, dropped %s, failed %s",
		term.Count(t.seen), term.Count(t.recorded), term.Count(t.dropped), term.Count(t.failed))
	for _, more := range []struct {
		what string
		n    int64
	}{
		{"filtered out", t.filtered}, {"sampled out", t.sampledOut},
		{"degraded to hashes", t.toHash}, {"degraded to lengths", t.toLengths}, {"old files removed", c.removed.Load()},
	} {
		if more.n > 0 {
			line += fmt.Sprintf(", %s %s", more.what, term.Count(more.n))
		}
	}
	return line
}
