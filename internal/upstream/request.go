package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
)

// Request is one request, as it goes over the wire.
type Request struct {
	Method string
	Target string // the path and query, in the client's own spelling
	Host   string

	// Header has the end-to-end fields. Those of the framing and the connection
	// are written from the fields below, and skipped if they are here.
	Header http.Header

	Chunked bool  // how the body is framed
	Length  int64 // of the body that is not chunked; -1: there is none, and nothing says so
	Body    []byte
	Rest    io.Reader   // of the body, after Body; nil: Body is all
	Trailer http.Header // the names that are announced; values when the body was read

	Upgrade  string // the protocols to switch to, if the server will; "": none
	Trailers bool   // "TE: trailers": the client reads them

	// Sent is called once, when nobody looks at Body any more. May be nil.
	Sent func()

	// Informational is told of 1xx responses but 100 and 101. May be nil.
	Informational func(status int, header http.Header)
}

// BodyError is what kept Rest from being read.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return "read the request's body: " + e.Err.Error() }
func (e *BodyError) Unwrap() error { return e.Err }

// check refuses what would not stay on its line.
func (q *Request) check() error {
	for _, text := range []string{q.Method, q.Target, q.Host, q.Upgrade} {
		for i := range len(text) {
			if c := text[i]; c < ' ' || c == 0x7f || c == ' ' && text != q.Upgrade {
				return errors.New("what the client asks for cannot stand in the head of a request")
			}
		}
	}
	if q.Method == "" || q.Target == "" {
		return fmt.Errorf("a request needs a method and a target")
	}
	return nil
}

// head writes everything before the body.
func (q *Request) head(b *bytes.Buffer) {
	fmt.Fprintf(b, "%s %s HTTP/1.1\r\nHost: %s\r\n", q.Method, q.Target, q.Host)
	_ = q.Header.WriteSubset(b, map[string]bool{"Host": true, "Content-Length": true, "Transfer-Encoding": true,
		"Connection": true, "Upgrade": true, "Te": true, "Trailer": true}) // a buffer takes everything
	connection := ""
	if q.Trailers {
		b.WriteString("Te: trailers\r\n")
		connection = "TE"
	}
	if q.Upgrade != "" {
		fmt.Fprintf(b, "Upgrade: %s\r\n", q.Upgrade)
		if connection != "" {
			connection += ", "
		}
		connection += "Upgrade"
	}
	if connection != "" {
		fmt.Fprintf(b, "Connection: %s\r\n", connection)
	}
	switch {
	case q.Chunked:
		for name := range q.Trailer {
			fmt.Fprintf(b, "Trailer: %s\r\n", name)
		}
		b.WriteString("Transfer-Encoding: chunked\r\n")
	case q.Length >= 0:
		b.WriteString("Content-Length: " + strconv.FormatInt(q.Length, 10) + "\r\n")
	}
	b.WriteString("\r\n")
}

// writeBody writes the body in its framing.
func (q *Request) writeBody(w io.Writer) error {
	if !q.Chunked {
		if len(q.Body) > 0 {
			if _, err := w.Write(q.Body); err != nil {
				return err
			}
		}
		return q.copyRest(w)
	}
	chunks := httputil.NewChunkedWriter(w)
	if len(q.Body) > 0 { // an empty chunk would be the last one
		if _, err := chunks.Write(q.Body); err != nil {
			return err
		}
	}
	if err := q.copyRest(chunks); err != nil {
		return err
	}
	if err := chunks.Close(); err != nil {
		return err
	}
	var b bytes.Buffer
	_ = q.Trailer.Write(&b)
	b.WriteString("\r\n")
	_, err := w.Write(b.Bytes())
	return err
}

// copyRest passes Rest on as it comes.
func (q *Request) copyRest(w io.Writer) error {
	if q.Rest == nil {
		return nil
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := q.Rest.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return &BodyError{err}
		}
	}
}
