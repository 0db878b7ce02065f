package capture

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/internal/wire"
	"metron/schema"
)

const (
	queueItems = 1 << 16  // parts of exchanges waiting to be decoded
	queueBytes = 64 << 20 // and the bytes they hold
)

// recorder decodes what the proxy saw, off its path, and puts the rows.
type recorder struct {
	clock    schema.Clock
	files    *files
	names    names               // of tenants and sessions
	countBy  func() wire.Counter // nil: no tokenizer was asked for
	sessions sessions
	parts    chan part
	bytes    atomic.Int64 // held by parts
	lost     atomic.Int64 // requests whose very beginning found no room, not yet in a footer
	stop     chan struct{}
	done     sync.WaitGroup
	counts   counts
	metrics  *metrics // nil: no admin address
	lag      lag

	// warn is told when rows stop reaching the disk, and nil when they do again.
	warn    func(error)
	warning atomic.Bool
}

// counts are what happened to the requests that passed.
type counts struct {
	seen, recorded, dropped, failed, inFlight atomic.Int64
}

func newRecorder(clock schema.Clock, f *files, by []string, countBy func() wire.Counter, m *metrics, warn func(error)) *recorder {
	names := newNames()
	r := &recorder{clock: clock, files: f, names: names, countBy: countBy, sessions: newSessions(by, names), parts: make(chan part, queueItems), stop: make(chan struct{}), metrics: m, warn: warn}
	r.done.Go(r.run)
	return r
}

// close takes what is queued and ends. What a request says after that is lost,
// so none should be in flight any more.
func (r *recorder) close() {
	close(r.stop)
	r.done.Wait()
}

// run is the recorder's goroutine.
func (r *recorder) run() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case p := <-r.parts:
			r.take(p)
		case <-tick.C:
			r.files.rotate(r.clock.NowUS())
			if r.files.current != nil {
				r.health(r.files.current.out.Err())
				r.lag.waitedUS.Store(r.files.current.out.Lag().Microseconds())
			}
		case <-r.stop:
			for len(r.parts) > 0 {
				r.take(<-r.parts)
			}
			r.files.countLost(r.lost.Swap(0))
			return
		}
	}
}

// health passes a change between writing and not writing on to warn.
func (r *recorder) health(err error) {
	if failing := err != nil; failing != r.warning.Load() {
		r.warning.Store(failing)
		if failing {
			r.metrics.failed()
		}
		r.warn(err)
	}
}

func (r *recorder) take(p part) {
	defer r.bytes.Add(-int64(len(p.data)))
	r.lag.took(&p)
	defer r.lag.done()
	f := p.flight
	switch {
	case p.begin != nil:
		r.start(f, p)
	case f.exchange == nil: // its beginning was dropped or could not be recorded
	case p.header != nil:
		f.exchange.Head(p.status, p.header, p.atUS)
	case p.ending != nil:
		p.stamps.Fill(f.exchange.Row())
		row := f.exchange.End(*p.ending)
		if f.dropped.Load() {
			// The journal holds its beginning; the row says why it has no more.
			row = &schema.Record{RecordID: row.RecordID, StartTime: row.StartTime, Phase: row.Phase, API: row.API, Method: row.Method,
				Path: row.Path, ChoiceCount: row.ChoiceCount, TokenSource: row.TokenSource, Recorded: row.Recorded,
				Outcome: schema.OutcomeUnknown, ErrorType: "record_dropped"}
		}
		r.sessions.end(row)
		r.metrics.ended(row)
		r.put(f, row)
		r.files.release(f.segment)
	default:
		f.exchange.Body(p.data, p.atUS, p.read)
	}
}

// start journals a request as soon as its head was read, so that a crash
// leaves a trace of it.
func (r *recorder) start(f *flight, p part) {
	credentials := p.begin.credentials()
	row := &schema.Record{RecordID: uuid.New(), StartTime: p.atUS, Phase: schema.PhaseMeasure}
	if len(credentials) > 0 {
		row.Tenant = r.names.of("", credentials[0])
	}
	x := exchange.Begin(row, exchange.Request{
		Method: p.begin.method, Path: p.begin.path, Body: p.data, Secrets: credentials, CountBy: r.countBy})
	r.sessions.begin(row, x, p.begin.header)
	segment, err := r.files.acquire(p.atUS)
	if err != nil {
		r.counts.failed.Add(1)
		r.health(err)
		return
	}
	r.files.countLost(r.lost.Swap(0))
	f.segment, f.exchange = segment, x
	head := *row
	_ = segment.out.Put(&head) // the complete row, or its loss, is what counts
}

func (r *recorder) put(f *flight, row *schema.Record) {
	if err := f.segment.out.Put(row); err != nil {
		r.counts.failed.Add(1)
		f.segment.failed++
		r.health(err)
		return
	}
	if f.dropped.Load() {
		f.segment.dropped++
		return
	}
	r.counts.recorded.Add(1)
	f.segment.rows++
}
