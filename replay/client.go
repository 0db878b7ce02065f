package replay

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"metron/internal/exchange"
	"metron/schema"
)

// client sends requests and stamps what comes back.
type client struct {
	clock     schema.Clock
	transport *http.Transport
	warm      warm
	dials     map[string]dialFunc           // by scheme: opens a connection that is ready for a request
	newest    atomic.Pointer[exchange.Conn] // that was opened
	buffers   sync.Pool                     // of *[]byte, for reads
	http2     bool
	crossing  time.Duration
}

// handshakes bounds how long one of TLS may take.
const handshakes = 30 * time.Second

func newClient(clock schema.Clock, http2 bool, roots *x509.CertPool) *client {
	c := &client{clock: clock, transport: exchange.NewTransport(clock), http2: http2, crossing: crossing,
		buffers: sync.Pool{New: func() any { return new([16 << 10]byte) }}}
	t := c.transport
	t.MaxIdleConnsPerHost = 1 << 20 // keep every connection that the load once needed
	secure := &tls.Config{RootCAs: roots, NextProtos: []string{"http/1.1"}}
	if http2 {
		secure.NextProtos = []string{"h2"}
		t.TLSNextProto, t.Protocols = nil, &http.Protocols{}
		t.Protocols.SetHTTP2(true)
		t.Protocols.SetUnencryptedHTTP2(true)
	}
	plain := c.watched(t.DialContext, http2)
	c.dials = map[string]dialFunc{"http": plain, "https": secured(plain, secure)}
	t.DialContext, t.DialTLSContext = c.warm.before(c.dials["http"]), c.warm.before(c.dials["https"])
	return c
}

// close closes the connections that no request is on.
func (c *client) close() {
	c.warm.close()
	c.transport.CloseIdleConnections()
}

func (c *client) watched(dial dialFunc, shared bool) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			s := socket(conn)
			s.Shared = shared
			c.newest.Store(s)
		}
		return conn, err
	}
}

// secured gives a dial that has TLS on its connections, and the one protocol that
// config asks for.
func secured(dial dialFunc, config *tls.Config) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		ctx, stop := context.WithTimeout(ctx, handshakes)
		defer stop()
		config := config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(address)
		conn := tls.Client(plain, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			plain.Close()
			return nil, err
		}
		if want := config.NextProtos[0]; want == "h2" && conn.ConnectionState().NegotiatedProtocol != want {
			conn.Close()
			return nil, errors.New("the server does not speak HTTP/2")
		}
		return conn, nil
	}
}

// request builds the HTTP request for a row's method and path.
func (c *client) request(ctx context.Context, method, path string, m message) (*http.Request, error) {
	u := *m.target
	m.locate(&u, path)
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	req.Header = m.header.Clone()
	for name, value := range map[string]string{"Content-Type": "application/json", "User-Agent": "metron"} {
		if req.Header.Get(name) == "" {
			req.Header.Set(name, value)
		}
	}
	// With a recorded key the transport would send a request again whenever its connection
	// is lost, and a server that knows the key would answer from its store.
	req.Header.Del("Idempotency-Key")
	req.Header.Del("X-Idempotency-Key")
	if m.sign != nil {
		if err := m.sign.Sign(req, m.hash, time.Now()); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// crossing is how long after a request was written its connection may still be lost
// because the server had closed it before it came, at the least: a round trip, of targets
// that are near. For those that are far it is twice what the connection took to open, and
// never more than mostCrossing. A server that dies, or gives up, while it reads the prompt
// takes longer, but for the shortest ones.
const (
	crossing     = 20 * time.Millisecond
	mostCrossing = 500 * time.Millisecond
)

// mostSends bounds how often one request is sent: a server may die of it each time.
const mostSends = 4

// send sends a request and gives the head of its answer, with the stamps of the last
// connection that it was sent on. It is sent again when a kept connection turns out
// closed: servers that close right after an answer would otherwise show failures that no
// user would see. A request that a server may have begun to answer is sent once.
func (c *client) send(ctx context.Context, method, path string, m message) (*http.Response, *exchange.Stamps, error) {
	for sends := 1; ; sends++ {
		stamps, traced := exchange.NewStamps(ctx, c.clock)
		var answered atomic.Bool
		traced = httptrace.WithClientTrace(traced, &httptrace.ClientTrace{GotFirstResponseByte: func() { answered.Store(true) }})
		req, err := c.request(traced, method, path, m)
		if err != nil {
			return nil, stamps, err
		}
		resp, err := c.transport.RoundTrip(req)
		lost := err != nil && ctx.Err() == nil && !answered.Load() && sends < mostSends
		bound := max(c.crossing, min(2*stamps.Dialed(), mostCrossing))
		if again := lost && !c.http2 && crossed(stamps.Moments(), c.clock.NowUS(), bound); !again { // HTTP/2 knows which ones no server saw
			return resp, stamps, err
		}
	}
}

// crossed reports whether the connection of a request that was lost by nowUS may have been
// closed before the server saw it: soon after it was written, or begun where the write broke.
func crossed(m exchange.Moments, nowUS int64, crossing time.Duration) bool {
	return m.Reused && nowUS-cmp.Or(m.WroteUS, m.ConnectedUS) <= crossing.Microseconds()
}

// do sends one request and returns its completed row. tokens is told of each
// token as it is seen.
func (c *client) do(ctx context.Context, x *exchange.Exchange, m message, tokens func(n int64)) *schema.Record {
	r := x.Row()
	dispatchedUS := c.clock.NowUS()
	r.Dispatched = new(dispatchedUS - r.StartTime)
	resp, stamps, err := c.send(ctx, r.Method, r.Path, m)
	end := func(err error, atUS int64) *schema.Record {
		stamps.Fill(r)
		return x.End(exchange.Ending{Err: err, AtUS: atUS,
			ByClient: errors.Is(ctx.Err(), context.Canceled), Timeout: errors.Is(ctx.Err(), context.DeadlineExceeded)})
	}
	if err != nil {
		return end(err, c.clock.NowUS())
	}
	defer resp.Body.Close()
	headersUS, _ := stamps.Read()
	x.Head(resp.StatusCode, resp.Header, headersUS)
	buf := c.buffers.Get().(*[16 << 10]byte)
	defer c.buffers.Put(buf)
	seen := int64(0)
	for {
		n, err := resp.Body.Read(buf[:])
		if n > 0 {
			atUS, read := stamps.Read()
			x.Body(buf[:n], atUS, read)
			if now := x.Tokens(); now != seen {
				tokens(now - seen)
				seen = now
			}
		}
		if err == io.EOF {
			atUS, _ := stamps.Read()
			return end(nil, atUS)
		}
		if err != nil {
			return end(err, c.clock.NowUS())
		}
	}
}
