package capture

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"metron/internal/exchange"
)

// flight is one request on its way through. Its exchange belongs to the
// recorder's goroutine, the rest to the proxy's.
type flight struct {
	recorder *recorder
	dropped  atomic.Bool // the queue was full: its record is given up
	exchange *exchange.Exchange
	segment  *segment
}

// requestHead is what the recorder needs of a request beside its body.
type requestHead struct {
	method, path, query string
	keys                []string // values of the header fields that carry credentials
	header              []string // values of the header fields that name sessions
}

// newRequestHead takes it from a request, on the path: nothing is parsed yet.
func newRequestHead(r *http.Request, sessionHeaders []string) *requestHead {
	h := &requestHead{method: r.Method, path: r.URL.Path, query: r.URL.RawQuery}
	for _, name := range []string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
		h.keys = append(h.keys, r.Header[name]...)
	}
	for _, name := range sessionHeaders {
		h.header = append(h.header, r.Header.Get(name))
	}
	return h
}

// credentials are what must not be recorded; the first one names the tenant.
func (h *requestHead) credentials() []string {
	found := h.keys
	if h.query != "" {
		query, _ := url.ParseQuery(h.query) // what of it can be read
		for _, name := range []string{"key", "api_key", "api-key", "access_token", "token"} {
			found = append(found, query[name]...)
		}
	}
	for _, c := range found {
		if _, token, ok := strings.Cut(c, " "); ok { // of "Bearer ..."
			found = append(found, token)
		}
	}
	return found
}

// part is a piece of an exchange on its way to the recorder. One of begin,
// header, data and ending is set.
type part struct {
	flight  *flight
	begin   *requestHead
	status  int
	header  http.Header
	data    []byte
	moments exchange.Moments // beside ending
	ending  *exchange.Ending
	atUS    int64
	read    int32
}

// begin starts the record of a request; body is not copied, and must not change.
func (r *recorder) begin(startUS int64, req *http.Request, body []byte) *flight {
	r.counts.seen.Add(1)
	f := &flight{recorder: r}
	f.send(part{begin: newRequestHead(req, r.sessions.headers), data: body, atUS: startUS})
	return f
}

func (f *flight) head(status int, header http.Header, atUS int64) {
	f.send(part{status: status, header: header.Clone(), atUS: atUS})
}

func (f *flight) body(p []byte, atUS int64, read int32) {
	if !f.dropped.Load() {
		f.send(part{data: append([]byte(nil), p...), atUS: atUS, read: read})
	}
}

func (f *flight) end(m exchange.Moments, e exchange.Ending) {
	f.send(part{moments: m, ending: &e})
}

// send hands a part over without ever waiting. When there is no room the
// whole record is given up; its end is still told, so that the file is not
// held open for it.
func (f *flight) send(p part) {
	p.flight = f
	r := f.recorder
	if f.dropped.Load() && p.ending == nil {
		return
	}
	if held := r.bytes.Add(int64(len(p.data))); held <= queueBytes || p.ending != nil {
		select {
		case r.parts <- p:
			return
		default:
		}
	}
	r.bytes.Add(-int64(len(p.data)))
	if !f.dropped.Swap(true) {
		r.counts.dropped.Add(1)
		if p.begin != nil {
			r.lost.Add(1)
		}
	}
}
