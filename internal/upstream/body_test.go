package upstream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"metron/schema"
)

// pieces gives its bytes in two reads, the first of cut bytes.
type pieces struct {
	data []byte
	cut  int
}

func (p *pieces) Read(to []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := len(p.data)
	if p.cut > 0 && p.cut < n {
		n = p.cut
	}
	n = copy(to, p.data[:n])
	p.cut -= n
	p.data = p.data[n:]
	return n, nil
}

// chunks reads a chunked body to its end, through a buffer of the given size.
func chunks(wire []byte, cut, size int) (text []byte, trailer http.Header, err error) {
	b := body{in: bufio.NewReaderSize(&pieces{wire, cut}, readBuffer), chunked: true}
	buf := make([]byte, size)
	for {
		if err := b.wait(); err != nil {
			return text, b.trailer, err
		}
		n, err := b.read(buf)
		text = append(text, buf[:n]...)
		if err != nil {
			return text, b.trailer, err
		}
	}
}

// FuzzChunks holds the reader of chunks against net/http's, whole and cut in two.
func FuzzChunks(f *testing.F) {
	for _, wire := range []string{"5\r\nhello\r\n0\r\n\r\n", "1;a=b\r\nx\r\n2\r\nyz\r\n0\r\nA: b\r\n\r\n", "0\r\n\r\n", "5\r\nhel", "\r\n", "5\nhello\n0\n\n",
		"0\r\nA: b\r\n", "3\r\nabcd\r\n", "F\r\n0123456789abcde\r\n00\r\n\r\nrest", " 1\r\nx\r\n0\r\n\r\n", "0x1\r\nx\r\n0\r\n\r\n", "1_0\r\n", "0\r\nA : b\r\n\r\n", "0\r\n b\r\n\r\n"} {
		f.Add([]byte(wire), 3, 2)
	}
	f.Fuzz(func(t *testing.T, wire []byte, cut, size int) {
		if len(wire) > readBuffer/2 {
			return // beyond it limits differ
		}
		size = 1 + int(uint(size)%64)
		text, trailer, err := chunks(wire, 0, 1<<10)
		again, trailer2, err2 := chunks(wire, cut, size)
		if !bytes.Equal(text, again) || fmt.Sprint(err, trailer) != fmt.Sprint(err2, trailer2) {
			t.Fatalf("whole: %q, %v, %v; cut at %d, read by %d: %q, %v, %v", text, trailer, err, cut, size, again, trailer2, err2)
		}
		if err == nil {
			t.Fatal("a body ended without io.EOF")
		}
		head := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		resp, headErr := http.ReadResponse(bufio.NewReader(bytes.NewReader(append([]byte(head), wire...))), nil)
		if headErr != nil {
			t.Fatal(headErr)
		}
		want, wantErr := io.ReadAll(resp.Body)
		if errors.Is(err, io.EOF) != (wantErr == nil) {
			// Trailers are read strictly here, and by net/http not always to
			// the point where it minds.
			if bytes.Equal(text, want) {
				return
			}
			t.Fatalf("%q, %v; net/http has %q, %v", text, err, want, wantErr)
		}
		if wantErr == nil && !bytes.Equal(text, want) {
			t.Fatalf("%q; net/http has %q", text, want)
		}
	})
}

// FuzzResponse: any bytes give a response or an error, the same wherever they
// are cut in two.
func FuzzResponse(f *testing.F) {
	for _, wire := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nhello", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 101 x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"} {
		f.Add([]byte(wire), 9)
	}
	answer := func(wire []byte, cut int) string {
		s := &socket{clock: schema.NewClock(), Conn: readOnly{&pieces{wire, cut}}}
		sent := make(chan struct{})
		close(sent)
		r := &Response{ctx: context.Background(), conn: &conn{Conn: s, socket: s, in: bufio.NewReaderSize(s, readBuffer)}, sent: sent}
		q := get("/")
		hints := ""
		q.Informational = func(status int, header http.Header) { hints += fmt.Sprint(status, header) }
		if err := r.readHead(q); err != nil {
			return hints + err.Error()
		}
		text, err := io.ReadAll(r)
		return fmt.Sprint(hints, r.Status, r.Header, r.Trailer, string(text), err)
	}
	f.Fuzz(func(t *testing.T, wire []byte, cut int) {
		if whole, again := answer(wire, 0), answer(wire, cut); whole != again {
			t.Errorf("whole: %q; cut at %d: %q", whole, cut, again)
		}
	})
}

// readOnly is a connection that can be read.
type readOnly struct{ from io.Reader }

func (r readOnly) Read(p []byte) (int, error)     { return r.from.Read(p) }
func (readOnly) Write(p []byte) (int, error)      { return len(p), nil }
func (readOnly) Close() error                     { return nil }
func (readOnly) LocalAddr() net.Addr              { return nil }
func (readOnly) RemoteAddr() net.Addr             { return nil }
func (readOnly) SetDeadline(time.Time) error      { return nil }
func (readOnly) SetReadDeadline(time.Time) error  { return nil }
func (readOnly) SetWriteDeadline(time.Time) error { return nil }
