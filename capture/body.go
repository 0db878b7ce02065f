package capture

import (
	"io"
	"net/http"
	"sync/atomic"

	"metron/internal/exchange"
	"metron/internal/upstream"
)

const (
	// bodyCap is how much of a request body is read before it is sent on; what
	// is beyond is streamed through unrecorded. 64 MiB holds a 10 M token prompt.
	bodyCap = 64 << 20

	// bodyBudget bounds what the bodies of all requests hold before they are
	// sent on.
	bodyBudget = 512 << 20

	// firstBuffer is what a body that does not say its size begins with.
	firstBuffer = 16 << 10

	// trusted is how much memory a body gets on its word that it is that long.
	trusted = 1 << 20
)

// bodies reads the bodies of requests, within bounds.
type bodies struct {
	each, all int64
	held      atomic.Int64 // by bodies that were not sent on yet
}

// requestBody is what was read of a body.
type requestBody struct {
	read    []byte
	rest    *counted // what comes after, where a bound was met; nil: nothing
	release func()   // once read was sent on
}

// counted counts what is read of a body.
type counted struct {
	io.Reader
	n atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// moments are those of a request, and what was sent of its body beyond the bound.
func (b requestBody) moments(resp *upstream.Response) exchange.Moments {
	m := resp.Moments()
	if b.rest != nil {
		m.RestBytes = b.rest.n.Load()
	}
	return m
}

// read reads a body, up to the bounds. With an error, it is what came before it.
func (b *bodies) read(r *http.Request) (requestBody, error) {
	var read []byte
	held := int64(0)
	body := func(rest *counted) requestBody {
		return requestBody{read: read, rest: rest, release: func() { b.held.Add(-held) }}
	}
	if r.ContentLength == 0 && len(r.TransferEncoding) == 0 {
		return body(nil), nil
	}
	size := int64(firstBuffer)
	if r.ContentLength > 0 {
		size = min(r.ContentLength+1, trusted)
	}
	for {
		if len(read) == cap(read) {
			if size = min(size, b.each); r.ContentLength > 0 {
				size = min(size, r.ContentLength+1) // room to see the end
			}
			if int64(len(read)) >= size || b.held.Add(size-held) > b.all {
				if int64(len(read)) < size {
					b.held.Add(held - size)
				}
				return body(&counted{Reader: r.Body}), nil
			}
			held = size
			read = append(make([]byte, 0, size), read...)
			size *= 2
		}
		n, err := r.Body.Read(read[len(read):cap(read)])
		read = read[:len(read)+n]
		switch {
		case err == io.EOF:
			return body(nil), nil
		case err != nil:
			return body(nil), err
		}
	}
}
