package replay

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"metron/internal/exchange"
	"metron/schema"
)

// TestLostConnections: a request whose kept connection turns out closed is sent again, but
// not one that the server may have worked on: its row says how it failed.
func TestLostConnections(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
	for _, c := range []struct {
		name     string
		crossing time.Duration
		after    time.Duration // the server has the request, it closes
		said     string        // before
		reset    bool
		times    int64 // that the request comes
		outcome  string
		why      string
	}{
		{"the race", time.Hour, 0, "", false, 2, schema.OutcomeOK, ""},
		{"the race, with a reset", time.Hour, 0, "", true, 2, schema.OutcomeOK, ""},
		{"after a while", time.Millisecond, mostCrossing + 50*time.Millisecond, "", false, 1, schema.OutcomeTransportError, "eof"},
		{"after a while, with a reset", time.Millisecond, mostCrossing + 50*time.Millisecond, "", true, 1, schema.OutcomeTransportError, "reset"},
		{"with an answer begun", time.Hour, 0, "HTTP/1.1 200 OK\r\n", false, 1, schema.OutcomeTransportError, "eof"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			var seconds atomic.Int64 // times that the second request came
			serve := func(conn net.Conn) {
				defer conn.Close()
				for in := bufio.NewReader(conn); ; {
					req, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, req.Body)
					if req.URL.Path == "/second" && seconds.Add(1) == 1 {
						time.Sleep(c.after)
						io.WriteString(conn, c.said)
						if c.reset {
							conn.(*net.TCPConn).SetLinger(0)
						}
						return
					}
					io.WriteString(conn, answer)
				}
			}
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					go serve(conn)
				}
			}()
			client := newClient(schema.NewClock(), false, nil)
			client.crossing = c.crossing
			defer client.close()
			send := func(path string) *schema.Record {
				row := &schema.Record{StartTime: client.clock.NowUS()}
				m := message{target: &url.URL{Scheme: "http", Host: l.Addr().String()}, body: []byte("{}")}
				m.header = http.Header{"Idempotency-Key": {"recorded"}, "X-Idempotency-Key": {"recorded"}}
				x := exchange.Begin(row, exchange.Request{Method: http.MethodPost, Path: path, Body: m.body})
				return client.do(t.Context(), x, m, func(int64) {})
			}
			if row := send("/first"); row.Outcome != schema.OutcomeOK {
				t.Fatalf("the first: %s, %s", row.Outcome, row.ErrorMessage)
			}
			row := send("/second")
			if row.Outcome != c.outcome || row.ErrorType != c.why || seconds.Load() != c.times || *row.ConnectionReused == (c.times > 1) {
				t.Errorf("%s (%s: %s), reused %v, came %d times; want %s (%s), %d times", row.Outcome, row.ErrorType, row.ErrorMessage,
					*row.ConnectionReused, seconds.Load(), c.outcome, c.why, c.times)
			}
		})
	}
}

// TestLostEachTime: a request that its server dies of is not sent for ever.
func TestLostEachTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var came atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					io.Copy(io.Discard, req.Body)
					came.Add(1)
				}
			}()
		}
	}()
	client := newClient(schema.NewClock(), false, nil)
	client.crossing = time.Hour
	defer client.close()
	if err := client.warm.open(t.Context(), client.dials["http"], l.Addr().String(), mostSends+2); err != nil {
		t.Fatal(err)
	}
	m := message{target: &url.URL{Scheme: "http", Host: l.Addr().String()}, body: []byte("{}"), header: http.Header{}}
	if _, _, err := client.send(t.Context(), http.MethodPost, "/v1/completions", m); err == nil || came.Load() != mostSends {
		t.Errorf("%v, after it came %d times, want %d", err, came.Load(), mostSends)
	}
}

func TestCrossed(t *testing.T) {
	for _, c := range []struct {
		m    exchange.Moments
		want bool
	}{
		{exchange.Moments{WroteUS: 1_000}, false}, // of a new connection
		{exchange.Moments{WroteUS: 1_000, Reused: true}, true},
		{exchange.Moments{WroteUS: 999, Reused: true}, false},
		{exchange.Moments{ConnectedUS: 1_000, Reused: true}, true}, // nothing to answer was there
		{exchange.Moments{ConnectedUS: 999, Reused: true}, false},  // the server has read some
	} {
		if got := crossed(c.m, 1_000+crossing.Microseconds(), crossing); got != c.want {
			t.Errorf("%+v: %v", c.m, got)
		}
	}
}
