package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"metron/schema"
)

// server answers each connection with a function of its own.
type server struct {
	net.Listener
	handlers    sync.WaitGroup
	connections atomic.Int64
	requests    atomic.Int64
}

func serve(t *testing.T, handle func(s *server, c net.Conn, in *bufio.Reader)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Listener: l}
	s.handlers.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			s.handlers.Go(func() {
				defer c.Close()
				handle(s, c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.handlers.Wait()
	})
	return s
}

// client asks s; it is closed before s is.
func (s *server) client(t *testing.T) *Client {
	c := &Client{URL: &url.URL{Scheme: "http", Host: s.Addr().String()}, Clock: schema.NewClock()}
	t.Cleanup(c.Close)
	return c
}

// next reads a request with its body; nil: the client left.
func (s *server) next(in *bufio.Reader) *http.Request {
	r, err := http.ReadRequest(in)
	if err != nil {
		return nil
	}
	s.requests.Add(1)
	io.Copy(io.Discard, r.Body)
	return r
}

func get(path string) *Request {
	return &Request{Method: http.MethodGet, Target: path, Host: "x", Length: -1}
}

// ask sends a request and reads the whole answer.
func ask(t *testing.T, c *Client, q *Request) (*Response, string, error) {
	t.Helper()
	r, err := c.Do(t.Context(), q)
	if err != nil {
		r.Close(nil)
		return r, "", err
	}
	defer r.Close(nil)
	text, err := io.ReadAll(r)
	return r, string(text), err
}

// TestAnswers is a table of responses as bytes.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, method, wire string
		status             int
		body               string
		err                error
		trailer            string
	}{
		{"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", nil, ""},
		{"length, cut", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 200, "hello", io.ErrUnexpectedEOF, ""},
		{"empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", nil, ""},
		{"up to the end", "GET", "HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello", nil, ""},
		{"chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1 \r\n!\r\n0\r\n\r\n", 200, "hello!", nil, ""},
		{"chunks, no last one", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 200, "hello", io.ErrUnexpectedEOF, ""},
		{"chunks, cut in one", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello", 200, "hello", io.ErrUnexpectedEOF, ""},
		{"trailer", "GET", "HTTP/1.1 200 OK\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nc:  d \r\n\r\n", 200, "x", nil, "map[A:[b] C:[d]]"},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "", nil, ""},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", nil, ""},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", nil, ""},
		{"after 1xx", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, func(s *server, conn net.Conn, in *bufio.Reader) {
				s.next(in)
				io.WriteString(conn, c.wire)
			})
			q, hints := get("/"), 0
			q.Method = c.method
			q.Informational = func(int, http.Header) { hints++ }
			r, text, err := ask(t, s.client(t), q)
			if r.Status != c.status || text != c.body || !errors.Is(err, c.err) {
				t.Errorf("status %d, body %q, %v", r.Status, text, err)
			}
			if c.trailer != "" && fmt.Sprint(r.Trailer) != c.trailer {
				t.Errorf("trailer %v", r.Trailer)
			}
			if want := strings.Count(c.wire, "103 "); hints != want {
				t.Errorf("%d informational responses, want %d", hints, want)
			}
		})
	}
}

// TestBadAnswers must fail, and never send the request again.
func TestBadAnswers(t *testing.T) {
	for name, wire := range map[string]string{
		"nothing":              "",
		"no HTTP":              "hello\r\n\r\n",
		"no status":            "HTTP/1.1 099 Odd\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		"unasked switch":       "HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"a head without end":   "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 1100) + "\r\n",
		"two lengths":          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
		"size that is none":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
		"size that overflows":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello\r\n0\r\n\r\n",
		"chunk too long":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
		"size without end":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + strings.Repeat("x", 5000),
		"trailer too long":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 80) + "\r\n",
		"trailer that is none": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(s *server, conn net.Conn, in *bufio.Reader) {
				s.next(in)
				io.WriteString(conn, wire)
			})
			if _, text, err := ask(t, s.client(t), get("/")); err == nil {
				t.Errorf("read %q without an error", text)
			}
			if n := s.requests.Load(); n != 1 {
				t.Errorf("the server saw %d requests", n)
			}
		})
	}
}

// TestBytesPassInsideAChunk: nothing is held back until the chunk is whole.
func TestBytesPassInsideAChunk(t *testing.T) {
	more := make(chan struct{})
	s := serve(t, func(s *server, conn net.Conn, in *bufio.Reader) {
		s.next(in)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe")
		<-more
		io.WriteString(conn, "llo\r\n0\r\n\r\n")
	})
	r, err := s.client(t).Do(t.Context(), get("/"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(nil)
	buf := make([]byte, 100)
	n, err := r.Read(buf)
	close(more)
	if n != 2 || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	at1, read1 := r.Stamp()
	if rest, err := io.ReadAll(r); string(rest) != "llo" || err != nil {
		t.Errorf("then %q, %v", rest, err)
	}
	if at2, read2 := r.Stamp(); at2 < at1 || read2 != read1+1 {
		t.Errorf("stamps %d, %d, reads %d, %d", at1, at2, read1, read2)
	}
	if m := r.Moments(); m.ConnectedUS == 0 || m.WroteUS < m.ConnectedUS || r.HeadUS < m.ConnectedUS || m.Reused {
		t.Errorf("moments %+v", m)
	}
}

// TestRequestsAsTheyAre compares the bytes that a server gets.
func TestRequestsAsTheyAre(t *testing.T) {
	big := strings.Repeat("x", inlineBody+1)
	for _, c := range []struct {
		name string
		q    Request
		want string
	}{
		{"bare", Request{Method: "GET", Target: "/a%2Fb?q=%20&c", Host: "h", Length: -1}, "GET /a%2Fb?q=%20&c HTTP/1.1\r\nHost: h\r\n\r\n"},
		{"no body, said", Request{Method: "POST", Target: "/", Host: "h"}, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"},
		{"fields", Request{Method: "POST", Target: "/", Host: "h", Header: http.Header{"B": {"1", "2"}, "A": {"x"}, "Content-Length": {"9"}}, Length: 2, Body: []byte("ab")},
			"POST / HTTP/1.1\r\nHost: h\r\nA: x\r\nB: 1\r\nB: 2\r\nContent-Length: 2\r\n\r\nab"},
		{"chunked", Request{Method: "POST", Target: "/", Host: "h", Chunked: true, Body: []byte("ab"), Trailer: http.Header{"T": {"v"}}},
			"POST / HTTP/1.1\r\nHost: h\r\nTrailer: T\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nT: v\r\n\r\n"},
		{"chunked, empty", Request{Method: "POST", Target: "/", Host: "h", Chunked: true}, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"streamed", Request{Method: "POST", Target: "/", Host: "h", Length: 4, Body: []byte("ab"), Rest: strings.NewReader("cd")},
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd"},
		{"long", Request{Method: "POST", Target: "/", Host: "h", Length: int64(len(big)), Body: []byte(big)},
			fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(big), big)},
		{"upgrade", Request{Method: "GET", Target: "/", Host: "h", Length: -1, Upgrade: "websocket", Trailers: true},
			"GET / HTTP/1.1\r\nHost: h\r\nTe: trailers\r\nUpgrade: websocket\r\nConnection: TE, Upgrade\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make(chan string, 1)
			s := serve(t, func(_ *server, conn net.Conn, in *bufio.Reader) {
				text := make([]byte, len(c.want))
				n, _ := io.ReadFull(in, text)
				got <- string(text[:n])
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			})
			sent := make(chan struct{})
			c.q.Sent = func() { close(sent) }
			if _, _, err := ask(t, s.client(t), &c.q); err != nil {
				t.Fatal(err)
			}
			<-sent
			if text := <-got; text != c.want {
				t.Errorf("the server got\n%.300q, want\n%.300q", text, c.want)
			}
		})
	}
	c := Client{URL: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, Clock: schema.NewClock()}
	for _, q := range []Request{{Method: "GET", Target: "/ HTTP/1.1"}, {Method: "G\r\nT", Target: "/"}, {Method: "GET", Target: "/", Host: "a\nb"}, {Method: "GET"}} {
		if _, err := c.Do(t.Context(), &q); err == nil || strings.Contains(err.Error(), "dial") {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// TestEarlyAnswer: a server that answers without reading the body is heard.
func TestEarlyAnswer(t *testing.T) {
	for name, rest := range map[string]io.Reader{"whole": nil, "streamed": strings.NewReader(strings.Repeat("y", 64<<20))} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			s := serve(t, func(_ *server, conn net.Conn, in *bufio.Reader) {
				http.ReadRequest(in)
				io.WriteString(conn, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nfull")
				<-done // and keeps the connection open, unread
			})
			q := &Request{Method: "POST", Target: "/", Host: "h", Chunked: true, Body: make([]byte, 32<<20), Rest: rest}
			released := false
			q.Sent = func() { released = true }
			r, err := s.client(t).Do(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			r.Close(nil)
			close(done)
			if r.Status != 413 || string(text) != "full" || err != nil || !released {
				t.Errorf("%d %q, %v, the body released: %v", r.Status, text, err, released)
			}
		})
	}
}

// TestBodyThatBreaks ends the connection, and says which side it was.
func TestBodyThatBreaks(t *testing.T) {
	s := serve(t, func(_ *server, conn net.Conn, in *bufio.Reader) {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Error("the server took the body for whole")
		}
	})
	rest, w := io.Pipe()
	w.CloseWithError(errors.New("gone"))
	r, err := s.client(t).Do(t.Context(), &Request{Method: "POST", Target: "/", Host: "h", Chunked: true, Body: []byte("ab"), Rest: rest})
	r.Close(nil)
	if read := (*BodyError)(nil); !errors.As(err, &read) {
		t.Errorf("%v", err)
	}
}

// TestCancel: the end of the context ends the connection at once, whether the
// head or the body is waited for.
func TestCancel(t *testing.T) {
	for name, head := range map[string]string{"head": "", "body": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			left, asked := make(chan error, 1), make(chan struct{})
			s := serve(t, func(s *server, conn net.Conn, in *bufio.Reader) {
				s.next(in)
				io.WriteString(conn, head)
				close(asked)
				_, err := in.ReadByte()
				left <- err
			})
			ctx, leave := context.WithCancelCause(t.Context())
			why := errors.New("enough")
			go func() {
				<-asked
				leave(why)
			}()
			r, err := s.client(t).Do(ctx, get("/"))
			if err == nil {
				err = r.Wait()
			}
			r.Close(nil)
			if err != why {
				t.Errorf("ended by %v", err)
			}
			select {
			case err := <-left:
				if err == nil {
					t.Error("the server read something")
				}
			case <-time.After(10 * time.Second):
				t.Fatal("the server was not told")
			}
		})
	}
}
