package capture

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"

	"metron/internal/exchange"
	"metron/internal/upstream"
	"metron/schema"
)

// proxy forwards requests to one upstream and tells the recorder what passed.
type proxy struct {
	upstream *url.URL
	client   *upstream.Client
	clock    schema.Clock
	recorder *recorder
	off      bool     // nothing is told to the recorder
	metrics  *metrics // nil: nobody asks for them
	scarce   *scarcity
	bodies   bodies
	buffers  sync.Pool // of *[copyBuffer]byte, for the copy loop
}

// observer is told what passes of one request.
type observer interface {
	head(status int, header http.Header, atUS int64)
	body(p []byte, atUS int64, read int32)
	end(m exchange.Moments, e exchange.Ending)
}

// nobody looks at what passes while nothing is recorded.
type nobody struct{}

func (nobody) head(int, http.Header, int64)          {}
func (nobody) body([]byte, int64, int32)             {}
func (nobody) end(exchange.Moments, exchange.Ending) {}

// errStopped is the cause of an exchange's end that the capture's own end cut.
var errStopped = errors.New("the capture was stopped")

func newProxy(u *url.URL, secure *tls.Config, clock schema.Clock, rec *recorder, scarce *scarcity) *proxy {
	return &proxy{scarce: scarce, upstream: u, client: &upstream.Client{URL: u, TLS: secure, Clock: clock}, clock: clock, recorder: rec,
		bodies:  bodies{each: bodyCap, all: bodyBudget},
		buffers: sync.Pool{New: func() any { return new([copyBuffer]byte) }}}
}

// ServeHTTP forwards one request.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	startUS := p.clock.NowUS()
	p.recorder.counts.inFlight.Add(1)
	defer p.recorder.counts.inFlight.Add(-1) // after the last word to the recorder: Close waits for it
	if r.Method == http.MethodConnect {      // asks for a tunnel to anywhere
		http.Error(w, "metron capture: no tunnels", http.StatusMethodNotAllowed)
		return
	}
	control := http.NewResponseController(w)
	// The body is read before proxying: when an upstream answers before it has
	// read a body that is still arriving, net/http cuts the stream.
	body, err := p.bodies.read(r)
	f := p.observe(startUS, r, body)
	end := func(status int, m exchange.Moments, e exchange.Ending) {
		f.end(m, e)
		p.metrics.passed(status, e)
	}
	if err != nil { // the client left while it was still sending
		body.release()
		e := p.ending(r.Context(), err)
		e.ByClient = !e.Timeout
		end(0, exchange.Moments{}, e)
		panic(http.ErrAbortHandler)
	}
	if body.rest != nil {
		// net/http would read the rest itself before it lets an answer out.
		_ = control.EnableFullDuplex() // HTTP/2 always is
	}
	q := p.request(w, r, body)
	resp, err := p.client.Do(r.Context(), q)
	var interrupt func()
	if body.rest != nil {
		interrupt = func() { _ = control.SetReadDeadline(p.clock.Time(startUS)) } // a moment that is past
		if r.ProtoMajor == 1 {
			// What is left unread of the body would pass for the next request, and with the
			// interrupted read ends whatever the connection serves.
			w.Header().Set("Connection", "close")
		}
	}
	if err != nil {
		e := p.ending(r.Context(), err) // before our own interrupt ends the context
		resp.Close(interrupt)
		end(0, body.moments(resp), e)
		if e.ByClient || e.Timeout {
			panic(http.ErrAbortHandler)
		}
		reason := reasonOf(err)
		if errors.Is(err, syscall.EMFILE) {
			reason = p.scarce.tell()
		}
		badGateway(w, reason)
		return
	}
	f.head(resp.Status, resp.Header, resp.HeadUS)
	if resp.Status == http.StatusSwitchingProtocols {
		client, err := p.switched(control, resp)
		e := p.ending(r.Context(), err)
		e.ByClient = err != nil && !e.Timeout
		end(resp.Status, body.moments(resp), e) // its record holds no file open for as long as it lives
		if err == nil {
			client.pass(r.Context(), resp.Upgraded())
		}
		resp.Close(interrupt)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}
	e := p.answer(w, control, r, resp, f)
	resp.Close(interrupt)
	end(resp.Status, body.moments(resp), e)
	if e.Err != nil {
		breakOff(control, r)
		panic(http.ErrAbortHandler) // the client must see a broken stream, not a clean end
	}
}

// breakOff resets the connection of a client to whom its end is the answer's:
// HTTP/1.0 has no chunks that could be missing their last.
func breakOff(control *http.ResponseController, r *http.Request) {
	if r.ProtoAtLeast(1, 1) {
		return
	}
	client, _, err := control.Hijack()
	if err != nil {
		return // an upgrade has taken it
	}
	if secure, ok := client.(*tls.Conn); ok {
		client = secure.NetConn() // no close_notify
	}
	if tcp, ok := client.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	client.Close()
}

// observe starts the record of a request.
func (p *proxy) observe(startUS int64, r *http.Request, body requestBody) observer {
	if p.off {
		p.recorder.counts.add(tally{seen: 1})
		return nobody{}
	}
	h := headOf(r)
	h.partial = body.rest != nil
	return p.recorder.begin(startUS, h, body.read)
}

// request is what the upstream gets: the same method, target, end-to-end fields
// and body bytes in the same framing. Host is the upstream's own, since that is
// what a public API finds its service by.
func (p *proxy) request(w http.ResponseWriter, r *http.Request, body requestBody) *upstream.Request {
	q := &upstream.Request{Method: r.Method, Target: target(p.upstream, r.RequestURI), Host: p.upstream.Host,
		Header: endToEnd(r.Header), Body: body.read, Trailer: r.Trailer, Sent: body.release,
		Trailers: hasToken(r.Header["Te"], "trailers"), Length: -1,
		Informational: func(status int, header http.Header) {
			if r.ProtoAtLeast(1, 1) { // HTTP/1.0 knows none
				inform(w, status, header)
			}
		}}
	if body.rest != nil {
		q.Rest = body.rest
	}
	_, said := r.Header["Content-Length"]
	switch {
	case len(r.TransferEncoding) > 0 || len(r.Trailer) > 0: // trailers need chunks
		q.Chunked = true
	case said:
		q.Length = r.ContentLength
	case body.rest != nil: // HTTP/2 need not say a length
		q.Chunked = true
	case len(body.read) > 0 || r.ProtoMajor > 1 && (r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch):
		q.Length = int64(len(body.read))
	}
	if r.ProtoMajor == 1 && hasToken(r.Header["Connection"], "upgrade") {
		// HTTP/2 without TLS must be known beforehand here: its upgrade would
		// hide what follows.
		if to := r.Header.Get("Upgrade"); !strings.EqualFold(to, "h2c") {
			q.Upgrade = to
		}
	}
	return q
}

// target is what stands in the request line: the upstream's path and then the
// client's own words, not taken apart.
func target(u *url.URL, uri string) string {
	if uri == "*" {
		return uri
	}
	if !strings.HasPrefix(uri, "/") { // a whole URL
		_, uri, _ = strings.Cut(uri, "://")
		uri = strings.TrimLeft(uri, "/")
		if i := strings.IndexAny(uri, "/?"); i >= 0 {
			uri = uri[i:]
		} else {
			uri = ""
		}
		if !strings.HasPrefix(uri, "/") {
			uri = "/" + uri
		}
	}
	return strings.TrimSuffix(u.EscapedPath(), "/") + uri
}

// ending says how an exchange came to an early end.
func (p *proxy) ending(ctx context.Context, err error) exchange.Ending {
	stopped := errors.Is(context.Cause(ctx), errStopped)
	unread := (*upstream.BodyError)(nil)
	return exchange.Ending{Err: err, ByClient: !stopped && (ctx.Err() != nil || errors.As(err, &unread)), Timeout: stopped, AtUS: p.clock.NowUS()}
}
