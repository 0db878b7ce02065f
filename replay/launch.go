package replay

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"metron/schema"
)

// recordID is the id of a send's row: its own in each run, and in each pass.
func (r *Runner) recordID(s Send) uuid.UUID {
	id := renewID(s.Source, s.Pass)
	return uuid.NewSHA1(r.runID, id[:])
}

// launch sends a request whose scheduled moment has come, and returns when it ended.
// next is called as soon as the next one may be waited for.
func (r *Runner) launch(ctx, reqCtx context.Context, p *prepared, next func()) {
	p.startUS = r.zeroUS + p.DueUS
	p.dueUS = p.startUS
	if p.before == nil {
		place := r.enter(reqCtx) // before the next one, so that places are taken in the order of the schedule
		next()
		r.serve(ctx, p, place)
		return
	}
	next()
	due := r.follow(ctx, p)
	switch {
	case p.exchange == nil: // no body could be made: the run ends
		p.own.end(r.client.clock.NowUS())
		return
	case !due:
		r.unsent(p, "")
		return
	}
	r.serve(ctx, p, r.enter(reqCtx))
}

// follow waits for what the request depends on, until ctx ends. The turn before
// it may have ended in any way: a failure ends the wait, too.
func (r *Runner) follow(ctx context.Context, p *prepared) bool {
	ended := p.before.wait(ctx)
	if !ended {
		p.conversation = nil // the answers are still being written
	}
	if p.late && !r.makeLate(p) || !ended {
		return false
	}
	readyUS := p.before.endUS + r.Plan.speed.scale(p.thinkUS(p.before))
	p.dueUS = max(p.startUS, readyUS)
	row := p.exchange.Row()
	row.Ready = new(readyUS - p.startUS)
	row.ParentRecordID = p.before.row
	row.ThinkTime = new(p.dueUS - p.before.endUS)
	return r.later.wait(ctx, r.client.clock.Time(p.dueUS))
}

// enter takes a place in flight for a request that is due.
func (r *Runner) enter(ctx context.Context) *slot {
	ctx, cut := context.WithCancelCause(ctx)
	return r.slots.enter(ctx, cut)
}

// serve sends a request as soon as the cap lets it, and returns when it ended.
func (r *Runner) serve(ctx context.Context, p *prepared, place *slot) (endUS int64) {
	defer place.cut(nil)
	switch {
	case place.shed:
		return r.unsent(p, overloadShed)
	case !r.slots.wait(ctx, place):
		return r.unsent(p, overloadQueued)
	case place.queued:
		p.dueUS = max(p.dueUS, place.freeUS)
		p.exchange.Row().Overload = overloadQueued
	}
	return r.exchange(place, p)
}

// Values of the column overload.
const (
	overloadQueued  = "queued"
	overloadShed    = "shed"
	overloadAborted = "aborted"
)

// unsent hands on the row of a request that was due and is not sent.
func (r *Runner) unsent(p *prepared, overload string) (endUS int64) {
	endUS = r.client.clock.NowUS()
	r.forget(p)
	p.own.end(endUS)
	row := p.exchange.Row()
	row.StartTime, row.Outcome, row.Overload = p.startUS, schema.OutcomeNotSent, overload
	r.recorded.add(row, p, nil)
	r.unsentCount.Add(1)
	r.rows <- row
	return endUS
}

// exchange sends one request and hands its row on, first as it stands at the
// send (a crash leaves it with outcome unknown), then complete.
func (r *Runner) exchange(place *slot, p *prepared) (endUS int64) {
	row := p.exchange.Row()
	row.StartTime = p.startUS
	index := r.sent.Add(1) - 1
	if !r.Plan.Mode.scheduled() {
		row.Phase = r.Plan.phaseOf(index, r.Plan.rows, 0, 0)
	}
	head := *row
	select {
	case r.rows <- &head:
	default: // the journal is behind: the complete row will do
	}
	ctx, leave := context.WithCancelCause(place.ctx)
	defer leave(nil)
	if r.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, r.Timeout)
		defer stop()
	}
	if p.leaves.after > 0 {
		defer time.AfterFunc(p.leaves.after, func() { leave(errLeft) }).Stop()
	}
	seen := int64(0)
	r.client.do(ctx, p.exchange, p.message, func(n int64) {
		r.tokens.Add(n)
		if seen += n; p.leaves.tokens > 0 && seen >= p.leaves.tokens {
			leave(errLeft)
		}
	})
	endUS = row.StartTime + *row.End
	r.slots.leave(place, endUS)
	r.keep(p, row)
	r.forget(p)
	p.own.end(endUS) // at once: whoever waits for it is due by then
	var why error
	if row.Outcome == schema.OutcomeClientAbort {
		why = context.Cause(ctx)
	}
	if errors.Is(why, errMadeRoom) {
		row.Overload = overloadAborted
	}
	r.recorded.add(row, p, why)
	r.done.Add(1)
	bad := failed(row, why)
	if bad {
		r.failed.Add(1)
	}
	r.errors.add(bad)
	r.rows <- row
	return endUS
}

// failed tells what went wrong from what was asked for.
func failed(row *schema.Record, why error) bool {
	return row.Outcome != schema.OutcomeOK && row.Outcome != schema.OutcomeNotSent && !errors.Is(why, errLeft) && !errors.Is(why, errMadeRoom)
}
