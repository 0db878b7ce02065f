package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"metron/schema"
)

// inlineBody is the largest body that is written before the answer is read:
// two kernels' buffers take it, so that the write cannot wait for a server that
// answers first. Longer ones have a goroutine.
const inlineBody = 64 << 10

// Client asks one server.
type Client struct {
	URL   *url.URL    // of the server; its scheme and host count
	TLS   *tls.Config // for https; nil: the system's roots, no certificate
	Clock schema.Clock

	pool pool
}

// Close ends the connections that wait for another request.
func (c *Client) Close() { c.pool.close() }

// Do sends a request, once, and returns when the head of its response was read.
// The end of ctx ends the connection, and so the body. The response is there
// even with an error, for its Moments, and must be closed.
func (c *Client) Do(ctx context.Context, q *Request) (*Response, error) {
	r := &Response{ctx: ctx, client: c, sent: make(chan struct{})}
	cn, err := c.connect(ctx, q)
	if err != nil {
		r.wrote(q, err)
		return r, r.cause(err)
	}
	r.conn, r.reused, r.readsBefore = cn, cn.served, cn.socket.reads
	r.connectedUS = c.Clock.NowUS()
	r.release = context.AfterFunc(ctx, cn.abort)
	r.send(q)
	if err := r.readHead(q); err != nil {
		if r.reused && cn.socket.reads == r.readsBefore && ctx.Err() == nil {
			c.pool.doubt() // it was not kept after all
		}
		cn.abort()
		return r, r.cause(err)
	}
	return r, nil
}

func (c *Client) connect(ctx context.Context, q *Request) (*conn, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	if cn := c.pool.take(); cn != nil {
		return cn, nil
	}
	return dial(ctx, c.URL, c.TLS, c.Clock)
}

// send writes the request, in a goroutine where that may have to wait.
func (r *Response) send(q *Request) {
	var b bytes.Buffer
	b.Grow(1<<10 + min(len(q.Body), inlineBody))
	q.head(&b)
	if q.Rest == nil && len(q.Body) <= inlineBody {
		_ = q.writeBody(&b) // a buffer takes everything
		_, err := r.conn.Write(b.Bytes())
		r.wrote(q, err)
		return
	}
	go func() {
		_, err := r.conn.Write(b.Bytes())
		if err == nil {
			err = q.writeBody(r.conn)
		}
		r.wrote(q, err)
	}()
}

// wrote takes the end of the writing. What could not be written is told where
// the answer is read, since there may be one all the same.
func (r *Response) wrote(q *Request, err error) {
	r.sendErr = err
	if err == nil {
		r.wroteUS = r.client.Clock.NowUS()
	}
	if q.Sent != nil {
		q.Sent()
	}
	close(r.sent)
	if read := (*BodyError)(nil); errors.As(err, &read) {
		r.conn.abort() // no more of the body will come, and the server waits for it
	}
}

// readHead reads up to the head of the final response.
func (r *Response) readHead(q *Request) error {
	s := r.conn.socket
	for {
		s.left = maxHead
		resp, err := http.ReadResponse(r.conn.in, &http.Request{Method: q.Method})
		if err != nil {
			return unquoted(err)
		}
		switch {
		case resp.StatusCode < 100:
			return fmt.Errorf("%d is no status of a response", resp.StatusCode)
		case resp.StatusCode == http.StatusSwitchingProtocols:
			if q.Upgrade == "" {
				return errors.New("the server switched protocols unasked")
			}
		case resp.StatusCode < 200:
			// 100 is the answer to an Expect that the proxy's own server
			// has answered already.
			if q.Informational != nil && resp.StatusCode != http.StatusContinue {
				q.Informational(resp.StatusCode, resp.Header)
			}
			continue
		}
		s.left = math.MaxInt64
		r.Status, r.Header, r.Trailer, r.HeadUS = resp.StatusCode, resp.Header, resp.Trailer, s.lastUS
		r.body = body{in: r.conn.in, chunked: len(resp.TransferEncoding) > 0, left: resp.ContentLength}
		switch {
		case q.Method == http.MethodHead, r.Status == http.StatusNoContent, r.Status == http.StatusNotModified:
			r.body.chunked, r.body.left = false, 0
		case r.body.chunked:
			r.body.left = 0
		case r.body.left < 0:
			r.body.left = untilClose
		}
		r.keep = !resp.Close && r.body.left != untilClose && r.Status != http.StatusSwitchingProtocols
		return nil
	}
}

// unquoted is an error of the system's as it is, and any other without the bytes
// that it quotes: they may be an answer's.
func unquoted(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errHeadTooLong) {
		return err
	}
	return errors.New("what the server sent is no head of a response")
}

// idleLimit is how long a connection may wait for its next request, by what
// the server says: a second less, since its clock began earlier.
func idleLimit(header http.Header) time.Duration {
	limit := maxIdle
	for _, line := range header["Keep-Alive"] {
		for part := range strings.SplitSeq(line, ",") {
			if name, value, _ := strings.Cut(strings.TrimSpace(part), "="); strings.EqualFold(name, "timeout") {
				if n, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil {
					limit = min(limit, time.Duration(max(n, 1)-1)*time.Second)
				}
			}
		}
	}
	return limit
}
