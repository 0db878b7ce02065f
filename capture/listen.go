package capture

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// headTimeout is how long a client may take to send the head of a request. For
// anything after it there is no limit: answers take as long as they take.
const headTimeout = 30 * time.Second

// h2Streams is how many requests a client may have on one HTTP/2 connection.
// net/http's own 250 would hold requests back that the server could have had.
const h2Streams = 10_000

// serve begins to take requests.
func (s *Server) serve() {
	ctx, abort := context.WithCancelCause(context.Background())
	s.abort, s.cut, s.served = abort, make(chan struct{}), make(chan error, 1)
	s.http = &http.Server{
		Handler:           s.proxy,
		ReadHeaderTimeout: headTimeout,
		// No IdleTimeout: a connection that a client may use again is not ours to close.
		TLSConfig:   s.TLS,
		ErrorLog:    s.ErrorLog,
		BaseContext: func(net.Listener) context.Context { return ctx },
		HTTP2:       &http.HTTP2Config{MaxConcurrentStreams: h2Streams, MaxReceiveBufferPerStream: 256 << 10, MaxReceiveBufferPerConnection: 1 << 30},
		Protocols:   new(http.Protocols),
		// "OPTIONS *" is a question to the upstream.
		DisableGeneralOptionsHandler: true,
	}
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetHTTP2(true)
	s.http.Protocols.SetUnencryptedHTTP2(true)
	go func() {
		if s.TLS != nil {
			s.served <- s.http.ServeTLS(s.listener, "", "")
			return
		}
		s.served <- s.http.Serve(s.listener)
	}()
}

// URL is where the proxy listens.
func (s *Server) URL() string {
	if s.TLS != nil {
		return "https://" + s.listener.Addr().String()
	}
	return "http://" + s.listener.Addr().String()
}

// Served ends with the error that stopped serving, if anything but Close does.
func (s *Server) Served() <-chan error { return s.served }

// Close refuses new requests, lets those in flight go on until Drain is over
// or Cut is called, then cuts them, and seals what was recorded.
func (s *Server) Close() error {
	s.admin.stop()
	ctx, cancel := context.WithTimeout(context.Background(), s.Drain)
	defer cancel()
	go func() {
		select {
		case <-s.cut:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := s.http.Shutdown(ctx)
	s.drain(ctx) // Shutdown does not wait for connections that were upgraded
	if ctx.Err() != nil {
		s.abort(errStopped)
		err = s.http.Close()
		s.drain(context.Background()) // handlers end once their connections are gone
	}
	s.abort(errStopped)
	s.proxy.client.Close()
	if !s.Unrecorded {
		s.recorder.close()
	}
	return errors.Join(err, s.admin.close())
}

// Cut makes a Close that is on its way, or comes, wait for no request.
func (s *Server) Cut() { s.cutOnce.Do(func() { close(s.cut) }) }

// drain waits until no request is in flight.
func (s *Server) drain(ctx context.Context) {
	for s.recorder.counts.inFlight.Load() > 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
}
