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

	// Of a turn where History has it go on from those before it.
	conversation *spoken // that it goes on from; nil: none, or it could not be waited for
	late         bool    // its body can be made only when the turn before it has ended
	continued    bool    // the conversation stands in its body
	lacking      bool    // without the text of some answer that History asks for
	answer       *answer // kept for later turns; nil: not

	// Moments, us since the Unix epoch, known when it is about to be sent.
	startUS int64 // its start_time
	dueUS   int64 // when it could leave: send lag counts from here
}

// send runs the pipeline: bodies are made ahead, the pacer or the users start a
// goroutine a request at its moment, one recorder writes the rows.
func (r *Runner) send(ctx context.Context) (interrupted bool, lost lostRows, err error) {
	// Requests outlive an interrupt by Grace, so their context is not ctx.
	reqCtx, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	stopGrace := context.AfterFunc(ctx, func() { time.AfterFunc(r.Grace, cut) })
	defer stopGrace()
	if r.Plan.Mode != Open {
		r.later = startLater(r.Timer.alarm(0))
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
	var recorder sync.WaitGroup
	recorder.Go(func() { lost = r.record() })

	var inFlight sync.WaitGroup
	var usersErr error
	if r.Plan.Mode.scheduled() {
		interrupted = !r.pace(ctx, ready, &inFlight, func(p *prepared, next func()) { r.launch(ctx, reqCtx, p, next) })
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
	recorder.Wait()
	return interrupted, lost, errors.Join(prepErr, usersErr, r.lateErr.get())
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
		if !p.late {
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
	m, err := r.message(r.withAnswers(s.Row, p), target, func(row *schema.Record) ([]byte, error) { return r.body(row, p) })
	if err != nil {
		return fmt.Errorf("make a body for row %s: %w", s.Source, err)
	}
	if p.continued { // what it shares with others is not what the trace's did
		row.BlockHashes, row.BlockSize, row.BlockUnit = nil, nil, ""
		p.lacking = r.History != HistorySynthetic && p.conversation.lacks()
	}
	q := exchange.Request{Method: m.method, Path: m.path, Body: m.body, Secrets: r.secrets(target), CountBy: r.CountBy}
	if s.Row.RequestBody != nil {
		q.Keep.Privacy = schema.RecordedHash // a server may quote the prompt in an error
	}
	p.message, p.weight, p.exchange, p.leaves = m, min(int64(len(m.body)), readyBytes), exchange.Begin(row, q), leaves
	r.listen(p)
	return nil
}

// record writes rows until the channel is closed. Requests do not wait for a disk
// that takes nothing: their rows are counted as lost.
func (r *Runner) record() (lost lostRows) {
	for row := range r.rows {
		if err := r.out.Put(row); err != nil && row.Outcome != schema.OutcomeUnknown { // else it comes again
			lost.count++
			lost.err = err
		}
	}
	return lost
}

// lostRows are those of requests that were sent or due, and are in no file.
type lostRows struct {
	count int64
	err   error // of the last one
}

func (l lostRows) error() error {
	if l.count == 0 {
		return nil
	}
	return fmt.Errorf("the rows of %d requests could not be recorded: %w", l.count, l.err)
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
