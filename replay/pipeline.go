package replay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
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
	message
	weight   int64 // of readyBytes
	exchange *exchange.Exchange
	leaves   departure

	own, before *turn  // others may wait for own, this one for before; nil: none does
	rest        []Send // the turns that a user sends after this one

	answer *answer // kept for later turns; nil: not

	// Moments, us since the Unix epoch, known when it is about to be sent.
	startUS int64 // its start_time
	dueUS   int64 // when it could leave: send lag counts from here
}

// send runs the pipeline: bodies are made ahead, the pacer or the users start a
// goroutine a request at its moment, one recorder writes the rows.
func (r *Runner) send(ctx context.Context) (interrupted bool, err error) {
	// Requests outlive an interrupt by Grace, so their context is not ctx.
	reqCtx, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	stopGrace := context.AfterFunc(ctx, func() { time.AfterFunc(r.Grace, cut) })
	defer stopGrace()
	if r.Plan.Mode != Open {
		r.later = startLater()
		defer r.later.close()
	}

	ready := make(chan prepared, lookAhead)
	prepCtx, stopPreparing := context.WithCancel(ctx)
	defer stopPreparing()
	var g errgroup.Group
	g.Go(func() error {
		defer close(ready)
		return r.prepare(prepCtx, ready)
	})
	var recorder errgroup.Group
	recorder.Go(r.record)

	var inFlight sync.WaitGroup
	var usersErr error
	if r.Plan.Mode.scheduled() {
		paced := make(chan bool)
		go func() { // the alarm keeps the thread of its goroutine
			paced <- r.pace(ctx, ready, func(p prepared) { r.launch(ctx, reqCtx, p, &inFlight) })
		}()
		interrupted = !<-paced
	} else {
		usersErr = r.users(ctx, reqCtx, ready)
	}
	stopPreparing()
	prepErr := g.Wait()
	if errors.Is(prepErr, context.Canceled) && (ctx.Err() != nil || usersErr != nil) {
		prepErr = nil
	}
	inFlight.Wait()
	if r.unwatch != nil {
		r.unwatch()
	}
	interrupted = interrupted || ctx.Err() != nil // it may have come while the last answers were awaited
	close(r.rows)
	return interrupted, errors.Join(prepErr, usersErr, r.lateErr.get(), recorder.Wait())
}

// prepare makes bodies ahead of their moment. Of a session that a user sends it
// makes the first one.
func (r *Runner) prepare(ctx context.Context, ready chan<- prepared) error {
	links, sessions := turns{}, map[string][]Send{}
	hand := func(s Send, rest []Send) error {
		p := prepared{Send: s, rest: rest}
		if r.Plan.Mode == Session {
			r.link(&p, links)
		}
		if !r.late(&p) {
			if err := r.make(&p); err != nil {
				return err
			}
		}
		if err := r.ahead.Acquire(ctx, p.weight); err != nil {
			return err
		}
		select {
		case ready <- p:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for s, err := range r.Plan.Sends() {
		if err != nil {
			return err
		}
		var rest []Send
		if r.Plan.Mode == Closed && s.Row.SessionID != "" {
			session := append(sessions[s.Row.SessionID], s)
			if !s.last {
				detach(s.Row)
				sessions[s.Row.SessionID] = session
				continue
			}
			delete(sessions, s.Row.SessionID)
			s, rest = session[0], session[1:]
		}
		if err := hand(s, rest); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sessions)) { // of a journal that grew since it was measured
		if err := hand(sessions[name][0], sessions[name][1:]); err != nil {
			return err
		}
	}
	return nil
}

// detach copies what a row that is kept shares with the batch that it was read
// in, so that it does not keep that, too.
func detach(r *schema.Record) {
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(strings.Clone(f.String()))
		case reflect.Slice:
			if f.Len() > 0 { // nil stays nil
				f.Set(reflect.AppendSlice(reflect.MakeSlice(f.Type(), 0, f.Len()), f))
			}
		}
	}
}

// make makes a request's body and begins its row.
func (r *Runner) make(p *prepared) error {
	r.making.Lock()
	defer r.making.Unlock()
	s := p.Send
	leaves := r.Aborts.departureOf(s.Row)
	switch {
	case leaves.ends():
		s.Row.OutputTokens = nil // what it saw is no length to ask for: the answer was longer
	case s.Row.OutputTokens == nil:
		s.Row.OutputTokens = streamedTokens(s.Row)
	}
	row := r.row(s)
	target := r.deals.deal(s.Row)
	row.Target = targetName(target)
	m, err := r.message(r.withAnswers(s.Row, p.before.history()), target, func(row *schema.Record) ([]byte, error) {
		return r.body(row, p.before.history())
	})
	if err != nil {
		return fmt.Errorf("make a body for row %s: %w", s.Source, err)
	}
	q := exchange.Request{Method: m.method, Path: m.path, Body: m.body, Secrets: r.secrets(target), CountBy: r.CountBy}
	if s.Row.RequestBody != nil {
		q.Keep.Privacy = schema.RecordedHash // a server may quote the prompt in an error
	}
	p.message, p.weight, p.exchange, p.leaves = m, min(int64(len(m.body)), readyBytes), exchange.Begin(row, q), leaves
	r.listen(p)
	return nil
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

// row begins the run's row for a planned request; its StartTime is set at the send.
func (r *Runner) row(s Send) *schema.Record {
	row := &schema.Record{
		RecordID:             r.recordID(s),
		SourceRecordID:       s.Source,
		SessionID:            s.Row.SessionID,
		Turn:                 s.Row.Turn,
		Tenant:               s.Row.Tenant,
		SampleRate:           s.Row.SampleRate,
		Phase:                s.Phase,
		ExpectedOutputTokens: s.Row.OutputTokens,
		BlockHashes:          s.Row.BlockHashes,
		BlockSize:            s.Row.BlockSize,
		BlockUnit:            s.Row.BlockUnit,
	}
	if s.Pass > 0 {
		row.Loop = new(s.Pass)
	}
	return row
}
