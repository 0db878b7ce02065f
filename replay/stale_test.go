//go:build unix

package replay

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"metron/internal/exchange"
	"metron/schema"
)

// TestStale: tickets that a TLS server sends ahead are no reason to throw a connection
// away; its farewell is, be it after tickets, and so is anything without TLS.
func TestStale(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	secure := func(version uint16) *tls.Config {
		// Who asks for a certificate sends tickets after the handshake, not in the midst of it.
		return &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: version, MaxVersion: version, ClientAuth: tls.RequestClientCert}
	}
	nothing := func(net.Conn) {}
	say := func(c net.Conn) { io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\n\r\n") }
	farewell := func(c net.Conn) { c.(*tls.Conn).CloseWrite() } // an alert, and nothing after it
	for _, c := range []struct {
		name    string
		server  *tls.Config // nil: without
		tickets bool
		then    func(net.Conn)
		heard   bool // something is there to be read
		stale   bool
	}{
		{"quiet", nil, false, nothing, false, false},
		{"said something", nil, false, say, true, true},
		{"closed", nil, false, func(c net.Conn) { c.Close() }, false, true},
		{"quiet TLS", secure(tls.VersionTLS13), false, nothing, false, false},
		{"tickets", secure(tls.VersionTLS13), true, nothing, true, false},
		{"settings of HTTP/2", secure(tls.VersionTLS13), false, say, true, false},
		{"farewell", secure(tls.VersionTLS13), false, farewell, true, true},
		{"farewell after tickets", secure(tls.VersionTLS13), true, farewell, true, true},
		{"farewell of TLS 1.2", secure(tls.VersionTLS12), false, farewell, true, true},
		{"closed TLS", secure(tls.VersionTLS13), false, func(c net.Conn) { c.(*tls.Conn).NetConn().Close() }, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			client, err := exchange.NewTransport(schema.NewClock()).DialContext(t.Context(), "tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			server, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			for _, end := range []net.Conn{client, server} {
				end.SetDeadline(time.Now().Add(20 * time.Second))
			}
			if c.server != nil {
				config := &tls.Config{InsecureSkipVerify: true}
				if c.tickets {
					config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
				}
				ours, theirs := tls.Client(client, config), tls.Server(server, c.server)
				done := make(chan error, 1)
				go func() { done <- theirs.Handshake() }()
				if err := ours.Handshake(); err != nil {
					t.Fatal(err)
				}
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				client, server = ours, theirs
			}
			c.then(server)
			for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
				unread, _ := peek(socket(client))
				if (len(unread) > 0) == c.heard && stale(client) == c.stale {
					return
				}
			}
			unread, open := peek(socket(client))
			t.Errorf("stale %v, want %v; open %v with %d bytes unread", stale(client), c.stale, open, len(unread))
		})
	}
}
