package replay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"metron/internal/exchange"
	"metron/schema"
)

// client sends requests to one target and stamps what comes back.
type client struct {
	target    *url.URL
	key       string // API key, "" for none
	clock     schema.Clock
	transport http.RoundTripper
	buffers   sync.Pool // of *[]byte, for reads
}

func newClient(target *url.URL, key string, clock schema.Clock) *client {
	t := exchange.NewTransport(clock)
	t.MaxIdleConnsPerHost = 1 << 20 // keep every connection that the load once needed
	return &client{target: target, key: key, clock: clock, transport: t,
		buffers: sync.Pool{New: func() any { return new([16 << 10]byte) }}}
}

// request builds the HTTP request for a row's method and path.
func (c *client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	u := *c.target
	// A base URL that ends in /v1, as SDKs take it, means the same server.
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/v1") + path
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "metron")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	// A present but empty key is not sent: it lets the transport send a
	// request again when a kept connection turns out closed before anything
	// of an answer came. Servers that close right after a response would
	// otherwise show failures that no user would see.
	req.Header["Idempotency-Key"] = nil
	return req, nil
}

// do sends one request and returns its completed row. tokens is told of each
// token as it is seen.
func (c *client) do(ctx context.Context, x *exchange.Exchange, body []byte, tokens func(n int64)) *schema.Record {
	r := x.Row()
	dispatchedUS := c.clock.NowUS()
	r.Dispatched = new(dispatchedUS - r.StartTime)
	stamps, ctx := exchange.NewStamps(ctx, c.clock)
	end := func(err error, atUS int64) *schema.Record {
		stamps.Fill(r)
		return x.End(exchange.Ending{Err: err, AtUS: atUS,
			ByClient: errors.Is(ctx.Err(), context.Canceled), Timeout: errors.Is(ctx.Err(), context.DeadlineExceeded)})
	}
	req, err := c.request(ctx, r.Method, r.Path, body)
	if err != nil {
		return end(err, c.clock.NowUS())
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return end(err, c.clock.NowUS())
	}
	defer resp.Body.Close()
	headersUS, _ := stamps.Read()
	x.Head(resp.StatusCode, resp.Header, headersUS)
	buf := c.buffers.Get().(*[16 << 10]byte)
	defer c.buffers.Put(buf)
	seen := int64(0)
	for {
		n, err := resp.Body.Read(buf[:])
		if n > 0 {
			atUS, read := stamps.Read()
			x.Body(buf[:n], atUS, read)
			if now := x.Tokens(); now != seen {
				tokens(now - seen)
				seen = now
			}
		}
		if err == io.EOF {
			atUS, _ := stamps.Read()
			return end(nil, atUS)
		}
		if err != nil {
			return end(err, c.clock.NowUS())
		}
	}
}
