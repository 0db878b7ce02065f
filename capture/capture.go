package capture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"metron/internal/term"
	"metron/internal/wire"
	"metron/schema"
)

// Server is a recording proxy in front of one upstream. Fill the fields, then
// Start it once.
type Server struct {
	Upstream *url.URL
	Listen   string // host:port
	Dir      string // folder of the trace files; made when it is not there

	RotateEvery time.Duration // start a new file after this long; 0: never
	RotateRows  int64         // or after this many rows; 0: never

	// Admin is the host:port that answers about the capture itself; "": none.
	Admin string

	// Drain is how long requests in flight may go on after Close begins.
	Drain time.Duration

	// RotateBytes starts a new file after about this many bytes; 0: never. They
	// are the journal's: the sealed file is some five times smaller.
	RotateBytes int64

	// Flush is how long a finished row may stay in memory; 0: 200 ms.
	Flush time.Duration

	// SessionBy says what names the session of a request, the surest first:
	// "header:NAME", "user" (the body's user, or Anthropic's metadata.user_id),
	// "conversation" or "previous_response" (both of the Responses API).
	SessionBy []string

	// CountBy gives a counter for the text of an answer whose tokens the server
	// does not tell; nil: they stay unknown. Tokenizer is its name.
	CountBy   func() wire.Counter
	Tokenizer string

	// Recovered is told what became of each journal that an earlier capture
	// left in Dir, or why nothing did. May be nil.
	Recovered func(schema.Recovery, error)

	// Sealed is told of each finished file, or why it is none yet: it is tried
	// again until Close. May be nil.
	Sealed func(path string, rows int64, err error)

	// Warn is told when rows stop reaching the disk, and nil when they do
	// again; the traffic goes on either way. May be nil.
	Warn func(error)

	listener net.Listener
	http     *http.Server
	recorder *recorder
	admin    *admin
	files    *files
	served   chan error
}

// Start listens and serves until Close.
func (s *Server) Start() error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return fmt.Errorf("folder for the traces: %w", err)
	}
	probe, err := os.CreateTemp(s.Dir, ".writable")
	if err != nil {
		return fmt.Errorf("folder for the traces: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return err
	}
	if s.listener, err = net.Listen("tcp", s.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w", s.Listen, err)
	}
	left, err := schema.Journals(s.Dir)
	if err != nil {
		return fmt.Errorf("folder for the traces: %w", err)
	}
	clock := schema.NewClock()
	config, err := json.Marshal(map[string]any{"upstream": s.Upstream.Redacted(), "listen": s.Listen,
		"rotate_every": s.RotateEvery.String(), "rotate_rows": s.RotateRows, "rotate_bytes": s.RotateBytes, "flush": s.Flush.String(),
		"session_by": s.SessionBy, "tokenizer": s.Tokenizer})
	if err != nil {
		return err
	}
	s.files = &files{dir: s.Dir, every: s.RotateEvery, rows: s.RotateRows, bytes: s.RotateBytes, out: schema.Config{Flush: s.Flush},
		sealed: s.sealed, closed: make(chan struct{}), retry: sealRetry,
		meta: func() schema.Meta {
			return schema.Meta{Vantage: schema.VantageCapture, TimeZero: clock.ZeroUS(), Clock: "monotonic from one wall reading",
				Config: config, Privacy: schema.RecordedLengths}
		}}
	var m *metrics
	state := func() vitals { return s.recorder.vitals() }
	if s.Admin != "" {
		m = newMetrics(state)
		if s.admin, err = listenAdmin(s.Admin); err != nil {
			return errors.Join(err, s.listener.Close())
		}
	}
	s.files.sealing.Go(func() { s.recover(left) }) // beside the traffic, which comes first
	s.recorder = newRecorder(clock, s.files, s.SessionBy, s.CountBy, m, s.warn)
	s.http = &http.Server{Handler: newProxy(s.Upstream, clock, s.recorder), ReadHeaderTimeout: 30 * time.Second}
	s.served = make(chan error, 1)
	go func() { s.served <- s.http.Serve(s.listener) }()
	s.admin.start(m, state)
	return nil
}

// recover seals what an earlier capture left when it was cut off.
func (s *Server) recover(journals []string) {
	for _, path := range journals {
		r, err := schema.Recover(path)
		if s.Recovered != nil && !errors.Is(err, schema.ErrLive) {
			s.Recovered(r, err)
		}
	}
}

func (s *Server) sealed(path string, rows int64, err error) {
	if err != nil {
		s.recorder.metrics.failed()
	}
	if s.Sealed != nil {
		s.Sealed(path, rows, err)
	}
}

func (s *Server) warn(err error) {
	if s.Warn != nil {
		s.Warn(err)
	}
}

// URL is where the proxy listens.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Served ends with the error that stopped serving, if anything but Close does.
func (s *Server) Served() <-chan error { return s.served }

// Close refuses new requests, lets those in flight go on until Drain is over,
// then cuts them, and seals what was recorded.
func (s *Server) Close() error {
	s.admin.stop()
	ctx, cancel := context.WithTimeout(context.Background(), s.Drain)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
		for s.recorder.counts.inFlight.Load() > 0 { // handlers end once their connection is gone
			time.Sleep(time.Millisecond)
		}
	}
	s.recorder.close()
	s.files.close()
	return errors.Join(err, s.admin.close())
}

func (c *counts) values() map[string]int64 {
	return map[string]int64{"seen": c.seen.Load(), "recorded": c.recorded.Load(), "dropped": c.dropped.Load(), "failed": c.failed.Load()}
}

// Progress is the live line.
func (s *Server) Progress() string {
	c := &s.recorder.counts
	line := fmt.Sprintf("in flight %s  seen %s  recorded %s", term.Count(c.inFlight.Load()), term.Count(c.seen.Load()), term.Count(c.recorded.Load()))
	if n := c.dropped.Load() + c.failed.Load(); n > 0 {
		line += fmt.Sprintf("  NOT recorded %s", term.Count(n))
	}
	return line
}

// Files lists the complete trace files in a folder, oldest first.
func Files(dir string) ([]string, error) {
	return filepath.Glob(filepath.Join(dir, "capture-*.parquet"))
}
