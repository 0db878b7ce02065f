package capture

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/schema"
)

// recorder decodes what passed, off its path, and puts the rows.
type recorder struct {
	clock   schema.Clock
	config  Recording // with its defaults
	files   *files
	keeper  *keeper
	budget  *budget
	queue   *queue
	lost    atomic.Int64 // requests whose very beginning found no room, not yet in a footer
	reopen  atomic.Bool  // a new file is asked for
	roundUS atomic.Int64 // when the queue was last taken
	stop    chan struct{}
	done    sync.WaitGroup
	counts  counts

	failing  atomic.Bool  // rows do not reach the disk
	waitedUS atomic.Int64 // how long the oldest row had waited for the journal when last looked at
}

func newRecorder(clock schema.Clock, c Recording, f *files, n names) *recorder {
	b := &budget{limit: c.MaxMemory}
	r := &recorder{clock: clock, config: c, files: f, keeper: newKeeper(c, n, b), budget: b, queue: newQueue(b), stop: make(chan struct{})}
	f.lost = r.counts.lose
	f.removed = func(path string, err error) {
		if err == nil {
			r.counts.removed.Add(1)
		}
		c.Removed(path, err)
	}
	r.roundUS.Store(clock.NowUS())
	r.done.Go(r.run)
	return r
}

// close takes what is queued, seals the files and ends. What a request says after
// that is lost, so none should be in flight any more.
func (r *recorder) close() {
	close(r.stop)
	r.done.Wait()
	r.files.close()
}

// run is the recorder's goroutine.
func (r *recorder) run() {
	tick := time.NewTicker(round(r.config.Flush))
	defer tick.Stop()
	var slabs []*slab
	lookedUS := int64(0)
	for last := false; !last; {
		due := false
		select {
		case <-tick.C:
			due = true
		case <-r.queue.wake:
		case <-r.stop:
			last = true
		}
		slabs = r.queue.swap(slabs[:0])
		pace := pace{clock: r.clock, hurry: last || len(slabs) > slabsKept}
		for some := range slices.Chunk(slabs, slabsKept) { // their room is needed again soon
			each(some, func(it *item) {
				r.take(it)
				pace.step()
			})
			for _, s := range some {
				r.queue.recycle(s)
			}
		}
		clear(slabs)
		if due {
			r.files.flush()
		}
		nowUS := r.clock.NowUS()
		r.roundUS.Store(nowUS)
		lost := r.lost.Swap(0)
		r.files.count(tally{seen: lost, dropped: lost})
		if nowUS-lookedUS >= 1e6 || r.reopen.Load() {
			lookedUS = nowUS
			r.look(nowUS)
		}
	}
}

// take takes a part. A fault in what decodes it costs the one record, never the
// traffic.
func (r *recorder) take(it *item) {
	defer func() {
		if v := recover(); v != nil {
			r.fell(it.flight, v)
		}
	}()
	r.decode(it)
}

// fell gives up the record of a flight over whose bytes our own code has panicked.
// What it panicked with is not told, since it may quote them.
func (r *recorder) fell(f *flight, v any) {
	f.drop()
	if f.exchange != nil {
		f.exchange.Abandon()
		f.exchange = nil
	}
	r.settle(f, 0)
	s := f.segment
	f.segment = nil
	switch {
	case s != nil && !s.gone:
		s.tally.dropped++
	case !f.unwanted.Load(): // it fell at its beginning, or its file is lost
		r.files.count(tally{seen: 1, dropped: 1})
	}
	if s != nil {
		r.files.release(s)
	}
	r.config.Fault(fmt.Errorf("a record was given up over a fault of metron's own (%T)\n%s", v, debug.Stack()))
}

func (r *recorder) decode(it *item) {
	f := it.flight
	switch {
	case it.kind == partBegin:
		r.start(f, it.atUS)
	case it.kind == partEnd:
		r.end(f)
		return
	case f.exchange == nil: // its beginning was dropped or could not be recorded, or it is not wanted
		return
	case f.dropped.Load():
		r.discard(f)
		return
	case it.kind == partHead:
		f.exchange.Head(f.status, f.header, it.atUS)
		f.header = nil
	default:
		f.exchange.Body(it.data, it.atUS, it.read)
	}
	r.hold(f)
}

// hold settles what a flight holds with the budget. Where that is spent content
// goes first, and then the record.
func (r *recorder) hold(f *flight) {
	if f.exchange == nil {
		return
	}
	r.settle(f, flightCost+f.exchange.Held())
	if !r.budget.over() {
		return
	}
	f.exchange.Degrade()
	held := f.exchange.Held()
	if r.settle(f, flightCost+held); r.budget.over() && held > smallRecord {
		f.drop()
		r.discard(f)
	}
}

// smallRecord is how much a record may hold that is not given up for want of room: the
// events of a short answer, which come in blocks.
const smallRecord = 4 << 10

// discard frees what is held for a record that is given up.
func (r *recorder) discard(f *flight) {
	f.exchange.Discard()
	r.settle(f, 0)
}

func (r *recorder) settle(f *flight, held int64) {
	if held != f.held {
		r.budget.take(held-f.held, true)
		f.held = held
	}
}

// start journals a request as soon as its head was read, so that a crash
// leaves a trace of it.
func (r *recorder) start(f *flight, atUS int64) {
	h, body := f.begun, f.asked
	f.begun, f.asked = nil, nil
	row := &schema.Record{RecordID: uuid.New(), StartTime: atUS, Phase: schema.PhaseMeasure}
	if f.dropped.Load() { // meanwhile
		r.settle(f, 0)
		r.files.count(tally{seen: 1, dropped: 1})
		return
	}
	k := r.keeper.begin(row, h, body)
	if f.turn, f.degraded = k.turn, k.degraded; k.exchange == nil {
		f.unwanted.Store(true)
		r.settle(f, 0)
		r.counts.add(k.left)
		k.left.seen = 1
		r.files.count(k.left)
		return
	}
	x := k.exchange
	segment, err := r.files.acquire(r.clock.NowUS())
	if err != nil {
		r.counts.add(tally{failed: 1})
		r.files.count(tally{seen: 1, failed: 1})
		r.health(err)
		x.Discard()
		r.settle(f, 0)
		return
	}
	f.segment, f.exchange = segment, x
	head := *row
	exchange.WithoutContent(&head) // which comes with the end
	_ = segment.out.Put(&head)     // the complete row, or its loss, is what counts
}

// end puts a finished row. One whose file is lost goes into the next.
func (r *recorder) end(f *flight) {
	x := f.exchange
	if x == nil {
		if f.turn != nil {
			r.keeper.sessions.end(nil, f.turn, f.ending.AtUS)
		}
		return
	}
	f.moments.Fill(x.Row())
	row := x.End(f.ending)
	if f.dropped.Load() {
		// The journal holds its beginning; the row says why it has no more.
		row = &schema.Record{RecordID: row.RecordID, StartTime: row.StartTime, Phase: row.Phase, API: row.API, Method: row.Method,
			Path: row.Path, ChoiceCount: row.ChoiceCount, TokenSource: row.TokenSource, Recorded: schema.RecordedLengths,
			SampleRate: row.SampleRate, Outcome: schema.OutcomeUnknown, ErrorType: "record_dropped"}
	}
	r.keeper.sessions.end(row, f.turn, f.ending.AtUS)
	r.config.metrics.ended(row)
	r.put(f, row)
	r.settle(f, 0)
	f.exchange = nil
}

func (r *recorder) put(f *flight, row *schema.Record) {
	s, dropped := f.segment, f.dropped.Load() // a dropped one is counted
	if s.gone {
		moved, err := r.files.acquire(r.clock.NowUS())
		if err != nil {
			r.health(err)
			if dropped {
				r.files.count(tally{seen: 1, dropped: 1})
				return
			}
			r.counts.add(tally{failed: 1})
			r.files.count(tally{seen: 1, failed: 1})
			return
		}
		f.segment, s = moved, moved
	}
	defer func() {
		f.segment = nil
		r.files.release(s)
	}()
	err := s.out.Put(row)
	if dropped {
		s.tally.dropped++
		return
	}
	if err != nil {
		r.counts.add(tally{failed: 1})
		s.tally.failed++
		if fault := (*schema.Fault)(nil); errors.As(err, &fault) { // of the row, not of the disk
			r.config.Fault(fmt.Errorf("a record was given up: its %s breaks the rules of the schema", fault.Column))
			return
		}
		r.health(err)
		return
	}
	r.counts.add(tally{recorded: 1})
	s.tally.recorded++
	less := r.keeper.degraded(f.degraded, row)
	r.counts.add(less)
	s.tally.add(less)
}
