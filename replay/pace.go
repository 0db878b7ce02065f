package replay

import (
	"context"
	"sync"
	"time"
)

// begin sets the moment that offset 0 of the plan is sent.
func (r *Runner) begin() {
	r.zeroUS = r.client.clock.NowUS() + headStart.Microseconds()
	if !r.StartAt.IsZero() {
		r.zeroUS = r.StartAt.UnixMicro()
	}
	r.recorded.zeroUS = r.zeroUS
	r.unwatch = watchLoad(func(middle time.Time, l load) { r.recorded.load(r.client.clock.US(middle), l) })
	r.started.Store(true)
}

// pace sends each request at its moment and waits for none of them. Every
// wait is for an absolute moment: a chain of relative sleeps would add its
// lateness up. Whoever has waited for a request's moment sends it, after calling
// next, by which another goroutine waits for the next one: so nothing lies
// between the moment and the write but the write. It returns when the last one's moment
// came, or false when ctx ended before.
//
// Note: one goroutine on a thread of its own that starts another for each request is
// simpler, but between the two another thread has to be woken up, which takes as long as
// everything else.
func (r *Runner) pace(ctx context.Context, ready <-chan prepared, inFlight *sync.WaitGroup, send func(p *prepared, next func())) bool {
	first, more := <-ready
	r.begin()
	zero, clock := r.client.clock.Time(r.zeroUS), r.Timer.alarm(spin)
	over := make(chan bool, 1)
	var lead func(p prepared, more bool)
	lead = func(p prepared, more bool) {
		if !more || !clock.Wait(zero.Add(time.Duration(p.DueUS)*time.Microsecond), ctx.Done()) {
			over <- !more
			return
		}
		r.ahead.Release(p.weight)
		send(&p, func() {
			inFlight.Go(func() {
				p, more := <-ready
				lead(p, more)
			})
		})
	}
	inFlight.Go(func() { lead(first, more) })
	return <-over
}
