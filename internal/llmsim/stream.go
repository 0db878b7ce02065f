package llmsim

import (
	"context"
	"net/http"
	"time"
)

// stream answers event by event: whatever a step made for this request is
// written and flushed together.
func (a *answer) stream(ctx context.Context) {
	h := a.w.Header()
	h.Set("Content-Type", a.protocol.contentType)
	h.Set("Cache-Control", "no-cache")
	if !a.keepAlive(ctx) {
		return
	}
	var buf []byte
	for {
		var due, over bool
		buf, due, over = a.drain(buf[:0])
		if len(buf) > 0 && !a.send(buf) {
			return
		}
		switch {
		case due && a.fault.kind == faultStall:
			if !a.stall(ctx) {
				return
			}
			a.fault = fault{}
		case due:
			a.strike()
			return
		case over:
			return
		default:
			if !a.wait(ctx, a.job.wake) {
				return
			}
		}
	}
}

// keepAlive sends the headers and then comments until the first token, if that
// is wanted; false if the client left.
func (a *answer) keepAlive(ctx context.Context) bool {
	interval := a.server.config.Keepalive
	if interval == 0 {
		return true
	}
	a.w.WriteHeader(http.StatusOK)
	if a.flush.Flush() != nil {
		return false
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-a.job.wake:
			return true
		case <-tick.C:
			if a.protocol.ping != "" && !a.send([]byte(a.protocol.ping)) {
				return false
			}
		case <-ctx.Done():
			return false
		case <-a.server.closing:
			panic(http.ErrAbortHandler)
		}
	}
}

// drain appends the events that are ready: the choices in turns, an event
// each, as the steps made them. due says that the fault strikes after these
// bytes, over that the answer is complete.
func (a *answer) drain(b []byte) (_ []byte, due, over bool) {
	for more := true; more; {
		more, over = false, true
		for _, c := range a.job.choices {
			if c.finished {
				continue
			}
			if n := a.ready(c); n > 0 {
				if !c.opened {
					b = a.dialect.open(b, c)
					c.opened = true
				}
				b = a.dialect.tokens(b, c, n)
				more = true
				if a.due(c) {
					return b, true, false
				}
			}
			if c.sent == c.seq.OutputTokens {
				b = a.dialect.finish(b, c)
				c.finished = true
				continue
			}
			over = false
		}
	}
	if over {
		b = a.dialect.end(b)
	}
	return b, false, over
}

// ready is the number of tokens in the next event of a choice; 0 while there
// are too few for one.
func (a *answer) ready(c *choice) int {
	n := int(c.emitted.Load()) - c.sent
	chunk := a.server.config.TokensPerChunk
	if n < chunk && c.sent+n < c.seq.OutputTokens {
		return 0
	}
	return min(n, chunk)
}

// due reports whether the fault strikes now: it counts the first choice's tokens.
func (a *answer) due(c *choice) bool {
	return a.fault.kind != faultNone && c.index == 0 && c.sent >= a.fault.after(c.seq.OutputTokens)
}

// strike ends the stream by its fault.
func (a *answer) strike() {
	if a.fault.kind == faultStreamError {
		e := statusError(http.StatusInternalServerError, "an injected fault")
		a.send(a.protocol.broken(a.protocol.failure(e)))
		return
	}
	a.hangUp(a.fault.kind)
}
