package exchange

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"metron/schema"
)

// Conn stamps every read: the time and the number of the last one that
// returned bytes.
type Conn struct {
	net.Conn

	// Ahead says that it was opened before a request asked for it, which counts as
	// used before; Shared that it carries several requests at once, as HTTP/2 does.
	// They are set before the first request.
	Ahead, Shared bool

	clock  schema.Clock
	dialed time.Duration         // that opening it took: a round trip, at the least
	reads  atomic.Pointer[reads] // of the request that it carries; where it is Shared, of all
	closed atomic.Bool
}

// reads are those that returned bytes. A connection goes back to its pool before the last
// bytes of an answer are taken, and may bring another's before their stamp is asked for: so
// each request has its own.
type reads struct {
	lastUS atomic.Int64
	n      atomic.Int32
}

// Close closes the connection.
func (c *Conn) Close() error {
	c.closed.Store(true)
	return c.Conn.Close()
}

// Closed reports whether we closed it, be it because the server did.
func (c *Conn) Closed() bool { return c.closed.Load() }

// Read reads from the connection and stamps the moment the read returned.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		r := c.reads.Load()
		r.lastUS.Store(c.clock.NowUS())
		r.n.Add(1)
	}
	return n, err
}

// NewTransport makes an HTTP/1.1 transport whose connections stamp their
// reads. It adds no header and decodes no body.
func NewTransport(clock schema.Clock) *http.Transport {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			began := time.Now()
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			conn := &Conn{Conn: c, clock: clock, dialed: time.Since(began)}
			conn.reads.Store(&reads{})
			return conn, nil
		},
		// An empty, non-nil map keeps HTTP/2 off, where reads of many
		// requests share one connection.
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
		DisableCompression:  true,
		TLSHandshakeTimeout: 30 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		MaxIdleConns:        0, // no limit: a cap would show up as new connections in the numbers
	}
}

// Stamps are the moments of one request on its connection, us since the Unix
// epoch; of a request that the transport sent again, the last ones.
type Stamps struct {
	clock       schema.Clock
	dialed      atomic.Int64
	reads       atomic.Pointer[reads]
	connectedUS atomic.Int64
	wroteUS     atomic.Int64
	reused      atomic.Bool
	readsBefore atomic.Int32
}

// NewStamps prepares stamps; the request must carry the returned context.
func NewStamps(ctx context.Context, clock schema.Clock) (*Stamps, context.Context) {
	s := &Stamps{clock: clock}
	return s, httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			s.connectedUS.Store(clock.NowUS())
			c := stamped(info.Conn)
			s.reused.Store(info.Reused || c != nil && c.Ahead)
			if c == nil {
				return
			}
			if !c.Shared {
				c.reads.Store(&reads{})
			}
			s.dialed.Store(int64(c.dialed))
			r := c.reads.Load()
			s.readsBefore.Store(r.n.Load())
			s.reads.Store(r)
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				s.wroteUS.Store(clock.NowUS())
			}
		},
	})
}

func stamped(c net.Conn) *Conn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	conn, _ := c.(*Conn)
	return conn
}

// Read is the stamp and number of the socket read that brought the bytes just
// taken from the response: its last read, since a body is read from the
// connection only when nothing of it is buffered.
func (s *Stamps) Read() (atUS int64, read int32) {
	r := s.reads.Load()
	if r == nil || r.n.Load() == 0 { // what the server said had been read before anybody asked
		return s.clock.NowUS(), 0
	}
	return r.lastUS.Load(), r.n.Load() - s.readsBefore.Load() - 1
}

// Dialed is how long opening the connection took, at whatever time.
func (s *Stamps) Dialed() time.Duration { return time.Duration(s.dialed.Load()) }

// Moments are those known so far.
func (s *Stamps) Moments() Moments {
	return Moments{ConnectedUS: s.connectedUS.Load(), WroteUS: s.wroteUS.Load(), Reused: s.reused.Load()}
}

// Fill puts the connection's moments into a row.
func (s *Stamps) Fill(r *schema.Record) { s.Moments().Fill(r) }
