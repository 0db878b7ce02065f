package capture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"metron/schema"
)

// Server is a recording proxy in front of one upstream. Fill the fields, then
// Start it once.
type Server struct {
	Recording

	Upstream *url.URL
	Listen   string // host:port

	// Drain is how long requests in flight may go on after Close begins.
	Drain time.Duration

	listener net.Listener
	http     *http.Server
	recorder *recorder
	served   chan error
}

// Start listens and serves until Close.
func (s *Server) Start() error {
	if err := probe(s.Dir); err != nil {
		return fmt.Errorf("folder for the traces: %w", err)
	}
	var err error
	if s.listener, err = net.Listen("tcp", s.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w", s.Listen, err)
	}
	clock := schema.NewClock()
	s.recorder, err = s.Recording.start(clock, map[string]any{"upstream": s.Upstream.Redacted(), "listen": s.Listen})
	if err != nil {
		return errors.Join(err, s.listener.Close())
	}
	s.http = &http.Server{Handler: newProxy(s.Upstream, clock, s.recorder), ReadHeaderTimeout: 30 * time.Second}
	s.served = make(chan error, 1)
	go func() { s.served <- s.http.Serve(s.listener) }()
	return nil
}

// URL is where the proxy listens.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Served ends with the error that stopped serving, if anything but Close does.
func (s *Server) Served() <-chan error { return s.served }

// Close refuses new requests, lets those in flight go on until Drain is over,
// then cuts them, and seals what was recorded.
func (s *Server) Close() error {
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
	return err
}

// Files lists the complete trace files in a folder, oldest first.
func Files(dir string) ([]string, error) {
	return filepath.Glob(filepath.Join(dir, "capture-*.parquet"))
}
