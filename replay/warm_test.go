package replay

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"metron/schema"
)

// TestWarmConnections: what is opened ahead is not counted as new, with TLS and
// without, over HTTP/1.1 and HTTP/2.
func TestWarmConnections(t *testing.T) {
	for _, c := range []struct {
		name       string
		tls, http2 bool
		warm       int
		want       int64 // new connections; -1: some
		proto      string
	}{
		{"cold", false, false, 0, -1, "HTTP/1.1"},
		{"warm", false, false, 8, 0, "HTTP/1.1"},
		{"auto", false, false, WarmAuto, 0, "HTTP/1.1"},
		{"warm TLS", true, false, 8, 0, "HTTP/1.1"},
		{"HTTP/2", true, true, 1, 0, "HTTP/2.0"},
		{"HTTP/2 without TLS", false, true, WarmAuto, 0, "HTTP/2.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			const n = 4
			var arrived atomic.Int64
			all := make(chan struct{}) // closed when all are in flight at once
			answer := chat(3)
			r, path := runner(t, http.NotFoundHandler(), 0)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if body, _ := io.ReadAll(req.Body); strings.Contains(string(body), `"max_tokens":1,`) {
					answer(w, req) // the trial
					return
				}
				if req.Proto != c.proto {
					t.Errorf("spoken is %s", req.Proto)
				}
				if arrived.Add(1) == n {
					close(all)
				}
				<-all
				answer(w, req)
			}))
			server.EnableHTTP2 = true
			server.Config.Protocols = new(http.Protocols)
			server.Config.Protocols.SetHTTP1(true)
			server.Config.Protocols.SetHTTP2(true)
			server.Config.Protocols.SetUnencryptedHTTP2(true)
			if c.tls {
				server.StartTLS()
				r.Roots = x509.NewCertPool()
				r.Roots.AddCert(server.Certificate())
			} else {
				server.Start()
			}
			t.Cleanup(server.Close)
			u, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			r.Targets, r.Warm, r.HTTP2, r.Timeout = []*url.URL{u}, c.warm, c.http2, time.Minute
			var rows []schema.Record
			for i := range int64(n) { // in flight for a second each, as recorded
				rows = append(rows, chatRow(i*1000, func(r *schema.Record) { r.End = new(int64(1e6)) }))
			}
			r.Plan.Trace = traceOfRows(t, rows...)
			s, err := r.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if s.Outcomes[schema.OutcomeOK] != n || c.want >= 0 && s.NewConnections != c.want || c.want < 0 && s.NewConnections == 0 {
				t.Errorf("%d new connections, want %d; %+v", s.NewConnections, c.want, s)
			}
			got, _ := rowsOf(t, path)
			for _, row := range got {
				if wrote := row.Wrote != nil && *row.Wrote <= *row.Headers; !wrote && !c.http2 { // which may tell it late
					t.Errorf("wrote %v, headers %v", row.Wrote, *row.Headers)
				}
				if row.Connected == nil || *row.Headers < *row.Connected || len(row.ChunkRead) != 5 || row.ChunkRead[0] < 0 {
					t.Errorf("row %+v", row)
				}
			}
		})
	}
}

// TestServerThatCloses after each answer gets no connections ahead: there may be
// a thread for each.
func TestServerThatCloses(t *testing.T) {
	r, _ := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Connection", "close")
		chat(2)(w, req)
	}), 0, 1000)
	r.Warm = WarmAuto
	s, err := r.Run(t.Context())
	if err != nil || s.NewConnections != 2 || s.Outcomes[schema.OutcomeOK] != 2 {
		t.Errorf("%v, %+v", err, s)
	}
}

// TestWarmConnectionsThatWereClosed meanwhile are passed over.
func TestWarmConnectionsThatWereClosed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := newClient(schema.NewClock(), false, nil)
	defer c.close()
	address := l.Addr().String()
	accept := func() net.Conn {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	if err := c.warm.open(t.Context(), c.dials["http"], address, 2); err != nil {
		t.Fatal(err)
	}
	gone, kept := accept(), accept()
	defer kept.Close()
	gone.Close()
	first := c.warm.idle[address]
	if first[0].LocalAddr().String() != gone.RemoteAddr().String() {
		slices.Reverse(first)
	}
	for until := time.Now().Add(10 * time.Second); !stale(first[0]) && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	if !stale(first[0]) {
		t.Skip("this system does not tell")
	}
	conn, err := c.transport.DialContext(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if conn.LocalAddr().String() != kept.RemoteAddr().String() || c.warm.take(address) != nil {
		t.Errorf("got %v, want %v", conn.LocalAddr(), kept.RemoteAddr())
	}
}
