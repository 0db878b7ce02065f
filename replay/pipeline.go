package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"metron/internal/exchange"
	"metron/schema"
)

// prepared is a send that only waits for its moment: its body is made, and the
// row of its answer begun but for StartTime.
type prepared struct {
	Send
	body     []byte
	weight   int64 // of readyBytes
	exchange *exchange.Exchange
}

// send runs the pipeline: bodies are made ahead, the pacer starts a goroutine
// a request at its moment, one recorder writes the rows.
func (r *Runner) send(ctx context.Context) (interrupted bool, err error) {
	// Requests outlive an interrupt by Grace, so their context is not ctx.
	reqCtx, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	stopGrace := context.AfterFunc(ctx, func() { time.AfterFunc(r.Grace, cut) })
	defer stopGrace()

	var g errgroup.Group
	ready := make(chan prepared, lookAhead)
	prepCtx, stopPreparing := context.WithCancel(ctx)
	defer stopPreparing()
	g.Go(func() error { return r.prepare(prepCtx, ready) })
	var recorder errgroup.Group
	recorder.Go(r.record)

	var inFlight sync.WaitGroup
	paced := make(chan bool)
	go func() {
		paced <- r.pace(ctx, ready, func(p prepared) {
			inFlight.Go(func() { r.exchange(reqCtx, p) })
		})
	}()
	interrupted = !<-paced
	stopPreparing()
	prepErr := g.Wait()
	if errors.Is(prepErr, context.Canceled) && ctx.Err() != nil {
		interrupted, prepErr = true, nil
	}
	inFlight.Wait()
	interrupted = interrupted || ctx.Err() != nil // it may have come while the last answers were awaited
	close(r.rows)
	return interrupted, errors.Join(prepErr, recorder.Wait())
}

// prepare makes bodies ahead of their moment.
func (r *Runner) prepare(ctx context.Context, ready chan<- prepared) error {
	defer close(ready)
	for s, err := range r.Plan.Sends() {
		if err != nil {
			return err
		}
		r.address(s.Row)
		if s.Row.OutputTokens == nil {
			s.Row.OutputTokens = streamedTokens(s.Row)
		}
		body := s.Row.RequestBody
		if body == nil {
			if body, err = r.Prompt.Body(s.Row); err != nil {
				return fmt.Errorf("make a body for row %s: %w", s.Row.RecordID, err)
			}
		}
		x := exchange.Begin(r.client.row(s, r.runID), exchange.Request{
			Method: s.Row.Method, Path: s.Row.Path, Body: body, Secrets: []string{r.Key}, CountBy: r.CountBy})
		weight := min(int64(len(body)), readyBytes)
		if err := r.ahead.Acquire(ctx, weight); err != nil {
			return err
		}
		select {
		case ready <- prepared{s, body, weight, x}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// exchange sends one request and hands its row on, first as it stands at the
// send (a crash leaves it with outcome unknown), then complete.
func (r *Runner) exchange(ctx context.Context, p prepared) {
	row := p.exchange.Row()
	row.StartTime = r.zeroUS + p.DueUS
	head := *row
	select {
	case r.rows <- &head:
	default: // the journal is behind: the complete row will do
	}
	if r.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, r.Timeout)
		defer stop()
	}
	r.client.do(ctx, p.exchange, p.body, func(n int64) { r.tokens.Add(n) })
	r.recorded.add(row, p.Row)
	r.done.Add(1)
	if row.Outcome != schema.OutcomeOK {
		r.failed.Add(1)
	}
	r.rows <- row
}

// record writes rows until the channel is closed.
func (r *Runner) record() error {
	var lost error
	for row := range r.rows {
		if err := r.out.Put(row); err != nil {
			lost = err
		}
	}
	return lost
}
