package replay

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// users sends what is ready in as many strands as the plan has users, each
// waiting for its answers: the modes without a schedule.
func (r *Runner) users(ctx, reqCtx context.Context, ready <-chan prepared) error {
	first, more := <-ready
	if !more {
		return nil
	}
	r.begin()
	g, ctx := errgroup.WithContext(ctx)
	for i := range r.Plan.Users {
		g.Go(func() error {
			if i == 0 {
				return r.user(ctx, reqCtx, &first, ready)
			}
			return r.user(ctx, reqCtx, nil, ready)
		})
	}
	return g.Wait()
}

// user sends one session, or row, after the other.
func (r *Runner) user(ctx, reqCtx context.Context, first *prepared, ready <-chan prepared) error {
	freeUS := r.zeroUS
	for ctx.Err() == nil {
		if first == nil {
			p, more := <-ready
			if !more {
				return nil
			}
			first = &p
		}
		r.ahead.Release(first.weight)
		var err error
		if freeUS, err = r.session(ctx, reqCtx, first, freeUS); err != nil {
			return err
		}
		first = nil
	}
	return nil
}

// session sends a row and the turns that follow it, and gives the moment of the
// last end. The next turn's body is made while an answer is awaited.
func (r *Runner) session(ctx, reqCtx context.Context, p *prepared, freeUS int64) (int64, error) {
	links := turns{}
	if len(p.rest) > 0 {
		r.link(p, links)
		r.listen(p)
	}
	p.startUS = freeUS
	for {
		p.dueUS = p.startUS
		if !r.await(ctx, p.startUS) {
			return freeUS, nil // it was not due yet: it has no row
		}
		var next prepared
		var making errgroup.Group
		if len(p.rest) > 0 {
			next = prepared{Send: p.rest[0], rest: p.rest[1:]}
			r.link(&next, links)
			if !next.late {
				making.Go(func() error { return r.make(&next) })
			}
		}
		freeUS = r.serve(ctx, p, r.enter(reqCtx))
		if err := making.Wait(); err != nil || len(p.rest) == 0 {
			return freeUS, err
		}
		if next.late {
			if err := r.make(&next); err != nil {
				return freeUS, err
			}
		}
		next.startUS = freeUS
		if before := next.before; before != nil {
			next.startUS = max(freeUS, before.endUS+r.Plan.speed.scale(next.thinkUS(before)))
			row := next.exchange.Row()
			row.Ready, row.ParentRecordID, row.ThinkTime = new(int64(0)), before.row, new(next.startUS-before.endUS)
		}
		p = &next
	}
}

// await returns at a moment, or false as soon as ctx ends.
func (r *Runner) await(ctx context.Context, atUS int64) bool {
	return r.later.wait(ctx, r.client.clock.Time(atUS))
}
