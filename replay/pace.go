package replay

import (
	"context"
	"time"

	"metron/internal/alarm"
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

// pace starts each request at its moment and waits for none of them. Every
// wait is for an absolute moment: a chain of relative sleeps would add its
// lateness up. It returns false when ctx ended it. It needs a goroutine of its
// own: the alarm keeps its thread.
func (r *Runner) pace(ctx context.Context, ready <-chan prepared, start func(prepared)) bool {
	first, more := <-ready
	r.begin()
	zero := r.client.clock.Time(r.zeroUS)
	wake := alarm.New()
	for p, more := first, more; more; p, more = <-ready {
		if !wake.Wait(zero.Add(time.Duration(p.DueUS)*time.Microsecond), ctx.Done()) {
			return false
		}
		r.ahead.Release(p.weight)
		start(p)
	}
	return true
}
