package upstream

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
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
// their limit.
func TestReuseIsEarned(t *testing.T) {
	s := serve(t, keeper)
	c := s.client(t)
	trust(t, c, "/")
	if n := s.connections.Load(); n != kept {
		t.Errorf("%d connections for %d requests to a server that nobody knows yet", n, kept)
	}
	before, made := s.connections.Load(), int64(0)
	eventually(t, "a connection is used again", func() bool {
		r, text, err := ask(t, c, get("/"))
		if err != nil || text != "ok" {
			t.Fatalf("%q, %v", text, err)
		}
		made++
		return r.Moments().Reused
	})
	if n := s.connections.Load() - before; n != made-1 {
		t.Errorf("%d connections for %d requests, one of them on a used one", n, made)
	}
	if n := s.requests.Load(); n != kept+made {
		t.Errorf("the server saw %d requests, %d were made", n, kept+made)
	}
}

// TestChoice is a table of ages: the youngest that has settled is used, and none
// that is near its limit.
func TestChoice(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		held int
		ages []time.Duration // the oldest first
		want int             // of ages; -1: none
	}{
		{kept, nil, -1},
		{kept, []time.Duration{settled}, 0},
		{kept - 1, []time.Duration{settled}, -1},
		{kept, []time.Duration{settled - 1}, -1},
		{kept, []time.Duration{time.Second, settled + 1, settled - 1, 0}, 1},
		{kept, []time.Duration{maxIdle/4*3 - 1, 0}, 0},
		{kept, []time.Duration{maxIdle / 4 * 3, 0}, -1},
	} {
		p := pool{held: c.held}
		for _, age := range c.ages {
			p.parked = append(p.parked, &parked{since: now.Add(-age), limit: maxIdle})
		}
		var want *parked
		if c.want >= 0 {
			want = p.parked[c.want]
		}
		if got := p.choose(now); got != want || got != nil && (!got.taken || len(p.parked) != len(c.ages)-1) {
			t.Errorf("%+v: chose %+v of %d left", c, got, len(p.parked))
		}
	}
}

// TestIdleLimit is what servers say of their own.
func TestIdleLimit(t *testing.T) {
	for said, want := range map[string]time.Duration{"": maxIdle, "timeout=5, max=100": maxIdle, "max=3, Timeout=2": time.Second, "timeout=1": 0, "timeout=0": 0, "timeout=x": maxIdle, `timeout="2"`: time.Second} {
		if got := idleLimit(http.Header{"Keep-Alive": {said}}); got != want {
			t.Errorf("%q: %v, want %v", said, got, want)
		}
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
	made := int64(0)
	eventually(t, "a connection is used again", func() bool {
		r, _, err := ask(t, c, get("/"))
		made++
		if r.Moments().Reused != (err != nil) {
			t.Fatalf("reused %v, %v", r.Moments().Reused, err)
		}
		return r.Moments().Reused
	})
	if n := s.requests.Load(); n != kept+made {
		t.Errorf("the server saw %d requests, %d were made", n, kept+made)
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
