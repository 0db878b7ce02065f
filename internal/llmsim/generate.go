package llmsim

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// generate is the handler of an endpoint: how its requests are understood, and
// how it is answered.
func (s *Server) generate(parse func([]byte) (*parsed, *apiError), speak func(*job) dialect, p protocol) http.HandlerFunc {
	fail := func(w http.ResponseWriter, e *apiError) { e.writeAs(w, p.failure(e)) }
	return func(w http.ResponseWriter, r *http.Request) {
		body, e := readBody(w, r)
		var understood *parsed
		if e == nil {
			understood, e = parse(body)
		}
		if e != nil {
			fail(w, e)
			return
		}
		number := s.requests.Add(1)
		f := s.config.Faults.draw(s.config.Seed, number)
		if f.kind == faultHTTPError {
			fail(w, statusError(s.config.Faults.HTTPStatus, "an injected fault"))
			return
		}
		j := s.config.newJob(understood, number, time.Now().Unix())
		d := speak(j) // some tell how long the answer took: from before the engine has it
		if err := s.loop.submit(j); err != nil {
			fail(w, statusError(s.config.QueueFullStatus, "the server is overloaded: "+err.Error()))
			return
		}
		// However this ends, the place in the batch is free again.
		defer s.loop.cancel(j)

		a := &answer{server: s, w: w, flush: http.NewResponseController(w), job: j, dialect: d, protocol: p, fault: f}
		if j.stream {
			a.stream(r.Context())
		} else {
			a.whole(r.Context())
		}
	}
}

// answer is the response to one request while it is written.
type answer struct {
	server   *Server
	w        http.ResponseWriter
	flush    *http.ResponseController
	job      *job
	dialect  dialect
	protocol protocol
	fault    fault
}

// whole waits for all tokens and answers with one body.
func (a *answer) whole(ctx context.Context) {
	for _, c := range a.job.choices {
		for !c.done() {
			if !a.wait(ctx, a.job.wake) {
				return
			}
		}
	}
	f := a.fault
	switch f.kind {
	case faultStreamError:
		e := statusError(http.StatusInternalServerError, "an injected fault")
		e.writeAs(a.w, a.protocol.failure(e))
		return
	case faultStall:
		if !a.stall(ctx) {
			return
		}
	}
	body := a.dialect.whole(nil)
	a.w.Header().Set("Content-Type", "application/json")
	switch f.kind {
	case faultCut, faultReset, faultTruncate:
		a.send(body[:f.after(len(body))])
		a.hangUp(f.kind)
		return
	}
	a.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	a.w.Write(body) // the client may be gone: nobody is left to tell
}

// wait waits for ready; false if the client left or the server closes.
func (a *answer) wait(ctx context.Context, ready <-chan struct{}) bool {
	select {
	case <-ready:
		return true
	case <-ctx.Done():
		return false
	case <-a.server.closing:
		panic(http.ErrAbortHandler) // net/http's way to leave a body unfinished
	}
}

// stall sends nothing for a while; false if the client left meanwhile.
func (a *answer) stall(ctx context.Context) bool {
	over := make(chan struct{})
	timer := time.AfterFunc(a.server.config.Faults.StallFor, func() { close(over) })
	defer timer.Stop()
	return a.wait(ctx, over)
}

// send writes bytes and flushes them; false if the client is gone.
func (a *answer) send(b []byte) bool {
	if _, err := a.w.Write(b); err != nil {
		return false
	}
	return a.flush.Flush() == nil
}

// hangUp ends a body that has begun the way a fault wants it.
func (a *answer) hangUp(kind faultKind) {
	switch kind {
	case faultCut:
		panic(http.ErrAbortHandler)
	case faultReset:
		conn, _, err := a.flush.Hijack()
		if err != nil {
			panic(http.ErrAbortHandler) // not HTTP/1: the nearest that there is
		}
		if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
			tcp.SetLinger(0)
		}
		conn.Close()
	}
}
