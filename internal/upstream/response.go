package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"metron/internal/exchange"
)

// Response is the answer to one request. One goroutine reads it.
type Response struct {
	Status  int
	Header  http.Header
	Trailer http.Header // the names that were announced; once Read gave io.EOF, all that came
	HeadUS  int64       // when the read that completed the head returned

	ctx     context.Context
	client  *Client
	conn    *conn
	body    body
	release func() bool // undoes the abort at the end of ctx
	keep    bool        // the server lets the connection be used again

	connectedUS int64
	reused      bool
	readsBefore int32

	sent    chan struct{} // closed when the request was written, or could not be
	wroteUS int64         // by sent
	sendErr error         // by sent
}

// Wait returns when there is something to read, so that a waiting stream needs
// no buffer; its error is Read's.
func (r *Response) Wait() error { return r.ended(r.body.wait()) }

// Read reads what is there of the body, out of its framing.
func (r *Response) Read(p []byte) (int, error) {
	n, err := r.body.read(p)
	return n, r.ended(err)
}

func (r *Response) ended(err error) error {
	if err == io.EOF && r.body.trailer != nil {
		r.Trailer = r.body.trailer
	}
	return r.cause(err)
}

// Stamp is the time and the number of the socket read that brought the bytes
// just read, counted from the request.
func (r *Response) Stamp() (atUS int64, read int32) {
	return r.conn.socket.lastUS, r.conn.socket.reads - r.readsBefore - 1
}

// Moments are those known so far.
func (r *Response) Moments() exchange.Moments {
	m := exchange.Moments{ConnectedUS: r.connectedUS, Reused: r.reused}
	select {
	case <-r.sent:
		m.WroteUS = r.wroteUS
	default:
	}
	return m
}

// Close ends the response and waits until nobody looks at the request's body
// any more. A connection in good order is kept. interrupt, if not nil, is called
// where the body is still being read, and must make that fail.
func (r *Response) Close(interrupt func()) {
	if r.conn == nil {
		return
	}
	select {
	case <-r.sent:
		if r.whole() && r.release() {
			r.conn.served = true
			r.client.pool.put(r.conn, idleLimit(r.Header))
			return
		}
		r.release()
		if r.body.ended() {
			r.conn.Close()
		} else {
			r.conn.abort()
		}
	default:
		r.release()
		r.conn.abort()
		if interrupt != nil {
			interrupt()
		}
		<-r.sent
	}
}

// whole: the request was written and the response read to their ends, and
// nothing came after it.
func (r *Response) whole() bool {
	r.body.advance(false)
	return r.body.ended() && r.keep && r.sendErr == nil && r.conn.in.Buffered() == 0
}

// Upgraded gives the connection of a response 101 away; it is closed at the end
// of ctx. Bytes that came with the head are read first.
func (r *Response) Upgraded() net.Conn { return &upgraded{r.conn.Conn, r.conn} }

// upgraded is a connection behind its buffer.
type upgraded struct {
	net.Conn
	conn *conn
}

func (u *upgraded) Read(p []byte) (int, error) { return u.conn.in.Read(p) }

// CloseWrite says that no more will be sent.
func (u *upgraded) CloseWrite() error {
	if half, ok := u.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite() // TLS's
	}
	if half, ok := u.conn.socket.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// cause says why the connection ended, where we ended it ourselves.
func (r *Response) cause(err error) error {
	if err == nil || r.body.ended() {
		return err
	}
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	select {
	case <-r.sent:
		if read := (*BodyError)(nil); errors.As(r.sendErr, &read) || r.sendErr != nil && r.Status == 0 {
			return r.sendErr
		}
	default:
	}
	return err
}
