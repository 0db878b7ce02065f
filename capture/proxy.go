package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync"

	"metron/internal/exchange"
	"metron/schema"
)

// bodyCap is how much of a request body is read before it is sent on; what
// is beyond is streamed through unrecorded. 64 MiB holds a 10 M token prompt.
const bodyCap = 64 << 20

// proxy forwards requests to one upstream and tells the recorder what passed.
type proxy struct {
	upstream  *url.URL
	clock     schema.Clock
	recorder  *recorder
	transport *http.Transport
	buffers   sync.Pool // of *[]byte, for the copy loop
}

func newProxy(upstream *url.URL, clock schema.Clock, rec *recorder) *proxy {
	t := exchange.NewTransport(clock)
	// Some servers promise to keep a connection and close it after each
	// stream; a request on such a connection would fail or be sent twice. A
	// connection a request costs a local round trip and is always right.
	t.DisableKeepAlives = true
	return &proxy{upstream: upstream, clock: clock, recorder: rec, transport: t,
		buffers: sync.Pool{New: func() any { return new([32 << 10]byte) }}}
}

// ServeHTTP forwards one request.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	startUS := p.clock.NowUS()
	p.recorder.counts.inFlight.Add(1)
	defer p.recorder.counts.inFlight.Add(-1) // after the last word to the recorder: Close waits for it
	// The body is read before proxying: when an upstream answers before it
	// has read a body that is still arriving, net/http cuts the stream.
	body, rest, err := readBody(r)
	f := p.recorder.begin(startUS, r, body)
	stamps, ctx := exchange.NewStamps(r.Context(), p.clock)
	if err != nil { // the client left while it was still sending
		f.end(stamps, exchange.Ending{Err: err, ByClient: true, AtUS: p.clock.NowUS()})
		return
	}
	resp, err := p.transport.RoundTrip(p.outgoing(ctx, r, body, rest))
	if err != nil {
		f.end(stamps, exchange.Ending{Err: err, ByClient: r.Context().Err() != nil, AtUS: p.clock.NowUS()})
		if r.Context().Err() == nil {
			badGateway(w, err)
		}
		return
	}
	defer resp.Body.Close()
	headersUS, _ := stamps.Read()
	f.head(resp.StatusCode, resp.Header, headersUS)
	copyHeader(w.Header(), resp.Header)
	for _, name := range []string{"Date", "Content-Type"} {
		if len(resp.Header[name]) == 0 {
			w.Header()[name] = nil // nothing is added that the server did not send
		}
	}
	for name := range resp.Trailer {
		w.Header().Add("Trailer", name)
	}
	w.WriteHeader(resp.StatusCode)
	ending := p.copyBody(w, r.Context(), resp, stamps, f)
	f.end(stamps, ending)
	if ending.Err != nil {
		panic(http.ErrAbortHandler) // the client must see a broken stream, not a clean end
	}
	copyHeader(w.Header(), resp.Trailer)
}

// copyBody is the path that every token takes: read, stamp, write, flush, and
// only then a copy to the recorder.
func (p *proxy) copyBody(w http.ResponseWriter, ctx context.Context, resp *http.Response, stamps *exchange.Stamps, f *flight) exchange.Ending {
	flush := http.NewResponseController(w).Flush
	if err := flush(); err != nil {
		return exchange.Ending{Err: err, ByClient: true, AtUS: p.clock.NowUS()}
	}
	buf := p.buffers.Get().(*[32 << 10]byte)
	defer p.buffers.Put(buf)
	for {
		n, err := resp.Body.Read(buf[:])
		if n > 0 {
			atUS, read := stamps.Read()
			_, werr := w.Write(buf[:n])
			if werr == nil {
				werr = flush()
				p.recorder.metrics.added(p.clock, atUS)
			}
			f.body(buf[:n], atUS, read)
			if werr != nil {
				return exchange.Ending{Err: werr, ByClient: true, AtUS: p.clock.NowUS()}
			}
		}
		switch {
		case err == io.EOF:
			atUS, _ := stamps.Read()
			return exchange.Ending{AtUS: atUS}
		case err != nil:
			return exchange.Ending{Err: err, ByClient: ctx.Err() != nil, AtUS: p.clock.NowUS()}
		}
	}
}

// readBody reads a request's body up to bodyCap; rest is what comes after. With
// an error, body is what came before it.
func readBody(r *http.Request) (body []byte, rest io.Reader, err error) {
	var b bytes.Buffer
	if r.ContentLength > 0 {
		b.Grow(int(min(r.ContentLength, bodyCap)))
	}
	n, err := io.Copy(&b, io.LimitReader(r.Body, bodyCap))
	if n == bodyCap {
		rest = r.Body
	}
	return b.Bytes(), rest, err
}

// outgoing is the request as the upstream gets it: the same method, path, query,
// end-to-end headers and body bytes.
func (p *proxy) outgoing(ctx context.Context, r *http.Request, body []byte, rest io.Reader) *http.Request {
	u := *p.upstream
	u.Path, u.RawPath = p.upstream.Path+r.URL.Path, ""
	if r.URL.RawPath != "" {
		u.RawPath = p.upstream.EscapedPath() + r.URL.RawPath
	}
	u.RawQuery, u.ForceQuery = r.URL.RawQuery, r.URL.ForceQuery
	out := (&http.Request{Method: r.Method, URL: &u, Host: p.upstream.Host, Header: http.Header{}, ContentLength: r.ContentLength,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	copyHeader(out.Header, r.Header)
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // net/http would add its own
	}
	switch {
	case rest != nil:
		out.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), rest))
	case len(body) > 0:
		out.Body = io.NopCloser(bytes.NewReader(body))
		out.ContentLength = int64(len(body))
	default:
		out.ContentLength = 0
	}
	return out
}

// hopByHop are the header fields that speak of one connection only (RFC 9110,
// section 7.6.1), beside those that Connection names.
func hopByHop() []string {
	return []string{"Connection", "Proxy-Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Authenticate", "Proxy-Authorization"}
}

// copyHeader copies the end-to-end fields.
func copyHeader(to, from http.Header) {
	skip := map[string]bool{}
	for _, name := range hopByHop() {
		skip[name] = true
	}
	for _, line := range from["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			skip[textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	for name, values := range from {
		if !skip[name] {
			to[name] = append(to[name], values...)
		}
	}
}

// badGateway tells the client, in the form its SDK shows, that the upstream
// gave no answer.
func badGateway(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadGateway)
	reason := "the upstream closed the connection before it answered"
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" {
		reason = "the upstream cannot be reached"
	}
	fmt.Fprintf(w, `{"error":{"message":"metron capture: %s","type":"bad_gateway"}}`+"\n", reason)
}
