package capture

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"metron/schema"
)

// Server is a recording proxy in front of one upstream. Fill the fields, then
// Start it once.
type Server struct {
	Recording

	Upstream *url.URL
	Listen   string // host:port

	// TLS is for clients, which then may speak HTTP/2; nil: none, and HTTP/2 to
	// those that begin with it. UpstreamTLS is for the server; nil: the system's
	// roots and no certificate.
	TLS, UpstreamTLS *tls.Config

	// Unrecorded forwards and does nothing else; Dir is not used.
	Unrecorded bool

	// ErrorLog is told of connections that fail before they bring a request, or
	// that find no descriptor. These wait for it, and so do new ones. May be nil.
	ErrorLog *log.Logger

	// Admin is the host:port that answers about the capture itself; "": none.
	Admin string

	// Drain is how long requests in flight may go on after Close begins.
	Drain time.Duration

	listener net.Listener
	http     *http.Server
	proxy    *proxy
	recorder *recorder
	admin    *admin
	served   chan error
	cut      chan struct{} // by Cut
	cutOnce  sync.Once
	abort    context.CancelCauseFunc // of every request
}

// Start listens and serves until Close.
func (s *Server) Start() error {
	var err error
	if s.listener, err = net.Listen("tcp", s.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w", s.Listen, err)
	}
	state := func() vitals { return s.recorder.vitals() }
	if s.Admin != "" {
		if s.admin, err = listenAdmin(s.Admin); err != nil {
			return errors.Join(err, s.listener.Close())
		}
		s.Recording.watch(newMetrics(state))
	}
	clock := schema.NewClock()
	s.recorder = &recorder{} // its counts are used in any case
	if !s.Unrecorded {
		s.recorder, err = s.Recording.start(clock, map[string]any{"upstream": s.Upstream.Redacted(), "listen": s.Listen})
	}
	if err != nil {
		return errors.Join(err, s.listener.Close(), s.admin.close())
	}
	if s.ErrorLog == nil {
		s.ErrorLog = log.New(io.Discard, "", 0)
	}
	scarce := &scarcity{log: s.ErrorLog, inFlight: &s.recorder.counts.inFlight}
	s.listener = frugal{s.listener, scarce}
	s.proxy = newProxy(s.Upstream, s.UpstreamTLS, clock, s.recorder, scarce)
	s.proxy.off, s.proxy.metrics = s.Unrecorded, s.Recording.metrics
	s.serve()
	s.admin.start(s.Recording.metrics, state)
	return nil
}

// Files lists the complete trace files in a folder, oldest first.
func Files(dir string) ([]string, error) {
	return filepath.Glob(filepath.Join(dir, "capture-*.parquet"))
}
