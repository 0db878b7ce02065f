package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// server answers each request at once, with few tokens in one write, and keeps when
// its first byte was read.
type server struct {
	listen, stamps string

	mu       sync.Mutex
	arrivals []time.Time
}

func (s *server) run(ctx context.Context) error {
	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return s.write()
		}
		if err != nil {
			return err
		}
		go s.serve(&stamped{Conn: c})
	}
}

// stamped keeps when the first bytes of a request came.
type stamped struct {
	net.Conn
	first time.Time
}

func (c *stamped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.first.IsZero() {
		c.first = time.Now()
	}
	return n, err
}

const head = "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"

// serve answers the requests of a connection.
func (s *server) serve(c *stamped) {
	defer c.Close()
	stream := fmt.Sprintf(head, "text/event-stream", len(answer), answer)
	in := bufio.NewReaderSize(c, 4<<10)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		at := c.first
		c.first = time.Time{} // before the answer, so before the next request
		text := stream
		if r.Method == http.MethodGet {
			text = fmt.Sprintf(head, "application/json", len(models), models)
		} else {
			s.mu.Lock()
			s.arrivals = append(s.arrivals, at)
			s.mu.Unlock()
		}
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
	}
}

const models = `{"object":"list","data":[{"id":"null","object":"model"}]}`

var answer = strings.Repeat(event(`"choices":[{"index":0,"delta":{"role":"assistant","content":"a "},"finish_reason":null}]`), 4) +
	event(`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]`) +
	event(`"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":4,"total_tokens":5}`) + "data: [DONE]\n\n"

func event(rest string) string {
	return `data: {"id":"c","object":"chat.completion.chunk","created":1700000000,"model":"null",` + rest + "}\n\n"
}

// write puts the arrivals, ns after the first, into the file.
func (s *server) write() error {
	if s.stamps == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, at := range s.arrivals {
		fmt.Fprintln(&b, at.Sub(s.arrivals[0]).Nanoseconds())
	}
	return os.WriteFile(s.stamps, []byte(b.String()), 0o644)
}
