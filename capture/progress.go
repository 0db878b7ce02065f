package capture

import (
	"fmt"

	"metron/internal/term"
)

// Progress is the live line.
func (s *Server) Progress() string {
	c := &s.recorder.counts
	if s.Unrecorded {
		return fmt.Sprintf("in flight %s  seen %s  not recording, as asked", term.Count(c.inFlight.Load()), term.Count(c.seen.Load()))
	}
	line := fmt.Sprintf("in flight %s  seen %s  recorded %s", term.Count(c.inFlight.Load()), term.Count(c.seen.Load()), term.Count(c.tally().recorded))
	if n := c.sampledOut.Load() + c.filtered.Load(); n > 0 {
		line += fmt.Sprintf("  left out %s", term.Count(n))
	}
	if n := c.dropped.Load() + c.failed.Load(); n > 0 {
		line += fmt.Sprintf("  NOT recorded %s", term.Count(n))
	}
	if n := c.toHash.Load() + c.toLengths.Load(); n > 0 {
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
