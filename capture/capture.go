package capture

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
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

	// TLS is for clients, which then may speak HTTP/2; nil: none, and HTTP/2 to
	// those that begin with it. UpstreamTLS is for the server; nil: the system's
	// roots and no certificate.
	TLS, UpstreamTLS *tls.Config

	// Unrecorded forwards and does nothing else; Dir is not used.
	Unrecorded bool

	// ErrorLog is told of connections that fail before they bring a request. May
	// be nil.
	ErrorLog *log.Logger

	RotateEvery time.Duration // start a new file after this long; 0: never
	RotateRows  int64         // or after this many rows; 0: never

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
	proxy    *proxy
	recorder *recorder
	files    *files
	served   chan error
	cut      chan struct{} // by Cut
	cutOnce  sync.Once
	abort    context.CancelCauseFunc // of every request
}

// Start listens and serves until Close.
func (s *Server) Start() error {
	clock := schema.NewClock()
	if err := s.prepare(); err != nil {
		return err
	}
	var err error
	if s.listener, err = net.Listen("tcp", s.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w", s.Listen, err)
	}
	if err := s.record(clock); err != nil {
		return errors.Join(err, s.listener.Close())
	}
	s.proxy = newProxy(s.Upstream, s.UpstreamTLS, clock, s.recorder)
	s.proxy.off = s.Unrecorded
	s.serve()
	return nil
}

// prepare finds out whether the folder can take files.
func (s *Server) prepare() error {
	if s.Unrecorded {
		return nil
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return fmt.Errorf("folder for the traces: %w", err)
	}
	probe, err := os.CreateTemp(s.Dir, ".writable")
	if err != nil {
		return fmt.Errorf("folder for the traces: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// record starts the recorder.
func (s *Server) record(clock schema.Clock) error {
	if s.Unrecorded {
		s.recorder = &recorder{} // its counts are used
		return nil
	}
	left, err := schema.Journals(s.Dir)
	if err != nil {
		return fmt.Errorf("folder for the traces: %w", err)
	}
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
	s.files.sealing.Go(func() { s.recover(left) }) // beside the traffic, which comes first
	s.recorder = newRecorder(clock, s.files, s.SessionBy, s.CountBy, s.warn)
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
	if s.Sealed != nil {
		s.Sealed(path, rows, err)
	}
}

func (s *Server) warn(err error) {
	if s.Warn != nil {
		s.Warn(err)
	}
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
