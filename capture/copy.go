package capture

import (
	"io"
	"net/http"
	"strings"

	"metron/internal/exchange"
	"metron/internal/upstream"
)

const (
	// copyBuffer is what one read may bring at most. A stream holds one only
	// while it has something to pass on.
	copyBuffer = 32 << 10

	// bulk is a read after which more is likely to be there: it goes straight
	// into the buffer, past the connection's own.
	bulk = 2 << 10

	// stalledUS: a write that takes longer waited for a client that does not
	// read; below it is the system's work.
	stalledUS = 1000
)

// answer passes the response on.
func (p *proxy) answer(w http.ResponseWriter, control *http.ResponseController, r *http.Request, resp *upstream.Response, f observer) exchange.Ending {
	copyHeader(w.Header(), resp.Header)
	for _, name := range []string{"Date", "Content-Type"} {
		if len(resp.Header[name]) == 0 {
			w.Header()[name] = nil // nothing is added that the server did not send
		}
	}
	switch {
	case resp.Status == http.StatusNotModified && r.ProtoMajor == 1:
		keepSpelled(w.Header(), "Content-Type", "Content-Length")
	case resp.Status == http.StatusUpgradeRequired && r.ProtoMajor == 1:
		// The field is of this connection, too: what it asks for is passed on.
		w.Header()["Upgrade"] = resp.Header["Upgrade"]
		w.Header().Add("Connection", "Upgrade")
	}
	announced := resp.Trailer
	for name := range announced {
		w.Header().Add("Trailer", name)
	}
	w.WriteHeader(resp.Status)
	e := p.copyBody(w, control, r, resp, f)
	for name := range announced {
		w.Header().Del(name) // what the head said of it is no trailer
	}
	if e.Err == nil {
		copyTrailer(w, resp.Trailer)
	}
	return e
}

// keepSpelled keeps net/http's server from leaving fields out that it knows by
// their names: it knows them in one spelling, and clients in any.
func keepSpelled(h http.Header, names ...string) {
	for _, name := range names {
		if values := h[name]; len(values) > 0 {
			delete(h, name)
			h[strings.ToLower(name)] = values
		}
	}
}

// copyBody is the path that every token takes: read, stamp, write, flush, and
// only then a copy to the recorder.
func (p *proxy) copyBody(w http.ResponseWriter, control *http.ResponseController, r *http.Request, resp *upstream.Response, f observer) exchange.Ending {
	stall := stall{}
	ended := func(err error) exchange.Ending {
		e := p.ending(r.Context(), err)
		e.StallUS = stall.total()
		return e
	}
	err := control.Flush()
	for more := false; err == nil; {
		if !more {
			if err = resp.Wait(); err != nil {
				break
			}
		}
		buf := p.buffers.Get().(*[copyBuffer]byte)
		var n int
		if n, err = resp.Read(buf[:]); n > 0 {
			atUS, read := resp.Stamp()
			stall.read(read)
			beganUS := p.clock.NowUS()
			_, werr := w.Write(buf[:n])
			if werr == nil {
				werr = control.Flush()
			}
			doneUS := p.clock.NowUS()
			stall.wrote(doneUS - beganUS)
			p.metrics.added(doneUS - atUS)
			f.body(buf[:n], atUS, read)
			if werr != nil {
				p.buffers.Put(buf)
				e := ended(werr)
				e.ByClient = !e.Timeout
				return e
			}
		}
		p.buffers.Put(buf)
		more = n >= bulk
	}
	if err == io.EOF {
		atUS, read := resp.Stamp()
		stall.read(read)
		return exchange.Ending{StallUS: stall.stalledUS, AtUS: atUS}
	}
	return ended(err)
}

// stall adds up how long the server's bytes waited for the client to read: the
// writes that took too long, but for the last one where the end of the answer
// had come before it.
type stall struct {
	stalledUS int64
	lastUS    int64 // of the last write, until another read shows that it held one up
	lastRead  int32
}

func (s *stall) read(number int32) {
	if number != s.lastRead {
		s.stalledUS += s.lastUS
		s.lastUS, s.lastRead = 0, number
	}
}

func (s *stall) wrote(us int64) {
	if us > stalledUS {
		s.lastUS += us
	}
}

func (s *stall) total() int64 { return s.stalledUS + s.lastUS }
