package upstream

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// keeper answers requests for as long as the client keeps the connection.
func keeper(s *server, c net.Conn, in *bufio.Reader) {
	for s.next(in) != nil {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok")
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// trust asks until the server has been seen to keep connections up to their limit.
func trust(t *testing.T, c *Client, path string) {
	t.Helper()
	for range kept {
		if _, _, err := ask(t, c, get(path)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the server is trusted", func() bool {
		c.pool.mu.Lock()
		defer c.pool.mu.Unlock()
		return c.pool.held >= kept
	})
}

// TestReuseIsEarned: connections are used again once the server kept some to
// their limit, and then only after they sat open for a while.
func TestReuseIsEarned(t *testing.T) {
	s := serve(t, keeper)
	c := s.client(t)
	trust(t, c, "/")
	if n := s.connections.Load(); n != kept {
		t.Errorf("%d connections for %d requests to a server that nobody knows yet", n, kept)
	}
	if r, _, err := ask(t, c, get("/")); err != nil || r.Moments().Reused {
		t.Errorf("reused %v, %v, though nothing was left to use", r.Moments().Reused, err)
	}
	eventually(t, "a connection has settled", func() bool {
		c.pool.mu.Lock()
		defer c.pool.mu.Unlock()
		return len(c.pool.parked) == 1 && time.Since(c.pool.parked[0].since) > settled
	})
	before := s.connections.Load()
	r, text, err := ask(t, c, get("/"))
	if err != nil || text != "ok" || !r.Moments().Reused || s.connections.Load() != before {
		t.Errorf("%q, %v, reused %v", text, err, r.Moments().Reused)
	}
	// It has just come back: another request must not take it.
	if r, _, err := ask(t, c, get("/")); err != nil || r.Moments().Reused {
		t.Errorf("reused %v, %v", r.Moments().Reused, err)
	}
}

// TestClosersAreSeen: a server that promises to keep connections, does so for
// some answers, and closes after others, at once or a little later, never makes
// a request fail, nor sees one twice.
func TestClosersAreSeen(t *testing.T) {
	requests := 10_000
	if testing.Short() || raceDetector {
		requests = 2_000
	}
	s := serve(t, func(s *server, c net.Conn, in *bufio.Reader) {
		for {
			r := s.next(in)
			if r == nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok")
			if wait, err := time.ParseDuration(r.URL.Path[1:]); err == nil {
				time.Sleep(wait)
				return
			}
		}
	})
	c := s.client(t)
	trust(t, c, "/health")
	trustGone := func() bool {
		c.pool.mu.Lock()
		defer c.pool.mu.Unlock()
		return c.pool.held == 0
	}
	for _, wait := range []string{"0s", "1ms", "20ms", "50ms"} {
		c.pool.mu.Lock()
		c.pool.until, c.pool.held = time.Time{}, kept // as if it had earned it anew
		c.pool.mu.Unlock()
		for i := range requests / 4 {
			if _, text, err := ask(t, c, get("/"+wait)); err != nil || text != "ok" {
				t.Fatalf("closing after %s, request %d: %q, %v", wait, i, text, err)
			}
		}
		eventually(t, "the server is not trusted any more", trustGone)
	}
	want := int64(kept + requests/4*4)
	if got := s.requests.Load(); got != want {
		t.Errorf("the server saw %d requests, %d were made", got, want)
	}
}

// TestBrokenPromiseIsNotRepeated: a request that fails on a used connection is
// not sent again, and no other connection is used again either.
func TestBrokenPromiseIsNotRepeated(t *testing.T) {
	s := serve(t, func(s *server, c net.Conn, in *bufio.Reader) {
		for i := 0; s.next(in) != nil && i == 0; i++ { // the second request is read, and not answered
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	c := s.client(t)
	trust(t, c, "/")
	ask(t, c, get("/"))
	eventually(t, "a connection has settled", func() bool {
		c.pool.mu.Lock()
		defer c.pool.mu.Unlock()
		return len(c.pool.parked) == 1 && time.Since(c.pool.parked[0].since) > settled
	})
	r, _, err := ask(t, c, get("/"))
	if err == nil || !r.Moments().Reused {
		t.Fatalf("reused %v, %v", r.Moments().Reused, err)
	}
	if n := s.requests.Load(); n != kept+2 {
		t.Errorf("the server saw %d requests, %d were made", n, kept+2)
	}
	for range 3 {
		if r, _, err := ask(t, c, get("/")); err != nil || r.Moments().Reused {
			t.Errorf("reused %v, %v", r.Moments().Reused, err)
		}
	}
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if len(c.pool.parked) != 0 || c.pool.until.Before(time.Now()) {
		t.Errorf("%d connections are kept, trials go on after %v", len(c.pool.parked), c.pool.until)
	}
}
