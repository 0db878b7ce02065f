package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"time"

	"metron/schema"
)

const (
	// readBuffer is held by every open connection. An event of a stream is a
	// few hundred bytes; longer reads go past the buffer.
	readBuffer = 4 << 10

	// maxHead bounds a response's head, as http.Server bounds a request's.
	maxHead = 1 << 20

	dialTimeout = 30 * time.Second // and for the TLS handshake
)

// socket stamps the reads of a connection below TLS. One goroutine reads at a
// time; who hands the connection on synchronises.
type socket struct {
	net.Conn
	clock  schema.Clock
	lastUS int64 // when the last read that brought bytes returned
	reads  int32 // how many brought some
	left   int64 // bytes that may still come, while a head is read
}

var errHeadTooLong = errors.New("the head of the response is longer than 1 MiB")

// Read stamps the moment it returns, before anything looks at the bytes.
func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 {
		s.lastUS = s.clock.NowUS()
		s.reads++
		if s.left -= int64(n); s.left < 0 {
			return n, errHeadTooLong
		}
	}
	return n, err
}

// conn is a connection to the server.
type conn struct {
	net.Conn // the socket, or TLS over it
	socket   *socket
	in       *bufio.Reader
	served   bool // a request before this one
}

// abort ends the connection with a reset, so that the server learns at once,
// also one that takes a FIN for a client that only stopped sending.
func (c *conn) abort() {
	if tcp, ok := c.socket.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // at worst the server sees a FIN
	}
	c.socket.Conn.Close()
}

// dial connects to the host of u, with TLS if its scheme says so.
func dial(ctx context.Context, u *url.URL, config *tls.Config, clock schema.Clock) (*conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	raw, err := dialer.DialContext(ctx, "tcp", address(u))
	if err != nil {
		return nil, err
	}
	s := &socket{Conn: raw, clock: clock, left: maxHead}
	c := &conn{Conn: s, socket: s}
	if u.Scheme == "https" {
		secure := tls.Client(s, clientConfig(config, u.Hostname()))
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		if err := secure.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, &net.OpError{Op: "dial", Net: "tls", Addr: raw.RemoteAddr(), Err: err}
		}
		c.Conn = secure
	}
	c.in = bufio.NewReaderSize(c.Conn, readBuffer)
	return c, nil
}

// clientConfig offers HTTP/1.1 only: in HTTP/2 the reads of many answers are one.
func clientConfig(config *tls.Config, host string) *tls.Config {
	out := &tls.Config{}
	if config != nil {
		out = config.Clone()
	}
	if out.ServerName == "" {
		out.ServerName = host
	}
	out.NextProtos = []string{"http/1.1"}
	return out
}

func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
