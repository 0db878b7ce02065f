package capture

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"metron/internal/descriptors"
	"metron/schema"
)

// TestManyIdleStreams: as many as the system's limit allows here, up to 10,000.
func TestManyIdleStreams(t *testing.T) {
	streams := 10_000
	if limit, known := descriptors.Limit(); known { // four descriptors a stream, since all ends are in this process
		streams = min(streams, int(limit)/4-100)
	}
	if testing.Short() {
		streams = min(streams, 200)
	}
	if raceDetector {
		streams = min(streams, 1000) // it bounds goroutines
	}
	// The ends are bare connections: what is held is the proxy's.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns := make(chan net.Conn, streams)
	go func() {
		defer close(conns)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns <- c
		}
	}()
	s := startAt(t, "http://"+l.Addr().String(), nil)
	clients := make([]net.Conn, streams)
	for i := range clients {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(chatRequest), chatRequest)
		clients[i] = c
	}
	answer := "data: [DONE]\n\n"
	servers := make([]net.Conn, streams)
	for i := range servers { // none is answered before all are open
		c := <-conns
		defer c.Close()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			t.Fatal(err)
		}
		servers[i] = c
	}
	if n := s.recorder.counts.inFlight.Load(); n != int64(streams) {
		t.Errorf("%d in flight, want %d", n, streams)
	}
	for _, c := range servers {
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
	}
	for i, c := range clients {
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		if text, err := io.ReadAll(resp.Body); string(text) != answer || err != nil {
			t.Fatalf("stream %d: %q, %v", i, text, err)
		}
		c.Close()
	}
	l.Close()
	rows, _ := stop(t, s)
	ok := 0
	for _, r := range rows {
		if r.Outcome == schema.OutcomeOK {
			ok++
		}
	}
	if ok != streams {
		t.Errorf("%d rows are ok, want %d", ok, streams)
	}
}

// TestManyStreamsOnOneConnection: clients of HTTP/2 that share one are held all
// at once, beyond the 250 that net/http's server would let them have.
func TestManyStreamsOnOneConnection(t *testing.T) {
	const streams = 400
	next := make(chan struct{})
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, event("a"))
		w.(http.Flusher).Flush()
		<-next
		io.WriteString(w, "data: [DONE]\n\n")
	}), nil)
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	bodies := make([]io.ReadCloser, streams)
	for i := range bodies { // each begins while those before it wait
		resp, err := (&http.Client{Transport: transport}).Post(s.URL()+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
		if err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		defer resp.Body.Close()
		bodies[i] = resp.Body
	}
	if n := s.recorder.counts.inFlight.Load(); n != streams {
		t.Errorf("%d in flight, want %d", n, streams)
	}
	close(next)
	for i, b := range bodies {
		if text, err := io.ReadAll(b); err != nil || !strings.HasSuffix(string(text), "[DONE]\n\n") {
			t.Fatalf("stream %d: %q, %v", i, text, err)
		}
	}
	transport.CloseIdleConnections()
	if rows, _ := stop(t, s); len(rows) != streams {
		t.Errorf("%d rows, want %d", len(rows), streams)
	}
}
