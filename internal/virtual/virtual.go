// Package virtual sends a trace to the simulated server of llmsim in virtual time: what an
// hour of replay against it would record is there in seconds. The rows are those of a run, so
// that everything that reads runs reads these; their network takes no time and loses nothing.
//
// Start with Run.
package virtual

import (
	"iter"
	"time"

	"github.com/google/uuid"

	"metron/internal/llmsim"
	"metron/schema"
)

// Run is one replay. Fill the exported fields, then range over Rows.
type Run struct {
	Engine llmsim.EngineConfig

	Warmup time.Duration // requests before it are of phase warmup
	Until  time.Duration // those from it on of phase cooldown; 0: none is

	// Stop, if not nil, is told every sampleUS how many requests were sent and how many of
	// them are done, and answers whether to leave off.
	Stop func(atUS, sent, done int64) bool

	// After Rows: how long it took, and whether Stop ended it.
	EndUS   int64
	Stopped bool

	engine  *llmsim.Engine
	zeroUS  int64
	flights map[*llmsim.Sequence]*flight
	sent    int64
	nextUS  int64 // when Stop is asked again
}

// sampleUS is how often Stop is asked.
const sampleUS = 100_000

// flight is a request and its answer so far.
type flight struct {
	row      schema.Record
	sequence llmsim.Sequence
}

// Rows answers the rows of a trace, which come in the order of their arrival: a row with its
// tokens' times when its last token was made. A row is the caller's.
func (r *Run) Rows(trace iter.Seq[*schema.Record]) iter.Seq2[*schema.Record, error] {
	return func(yield func(*schema.Record, error) bool) {
		next, stop := iter.Pull(trace)
		defer stop()
		if err := r.run(next, func(row *schema.Record) bool { return yield(row, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

func (r *Run) run(next func() (*schema.Record, bool), yield func(*schema.Record) bool) (err error) {
	if r.engine, err = llmsim.NewEngine(r.Engine); err != nil {
		return err
	}
	r.flights, r.sent, r.nextUS = map[*llmsim.Sequence]*flight{}, 0, 0
	row, more := next()
	if more {
		r.zeroUS = row.StartTime
	}
	for {
		startUS, busy := r.engine.NextUS(r.EndUS)
		for more && (!busy || row.StartTime-r.zeroUS <= startUS) {
			if refused := r.submit(row); refused != nil && !yield(refused) {
				return nil
			}
			startUS, busy = r.engine.NextUS(r.EndUS)
			row, more = next()
		}
		if !busy {
			return nil
		}
		step := r.engine.Step(startUS)
		r.EndUS = startUS + step.DurationUS
		for _, e := range step.Emissions {
			if done := r.token(e); done != nil && !yield(done) {
				return nil
			}
		}
		if r.hopeless() {
			r.Stopped = true
			for _, f := range r.flights {
				if !yield(r.abort(f)) {
					return nil
				}
			}
			return nil
		}
	}
}

// submit sends a row; a full queue refuses it.
func (r *Run) submit(source *schema.Record) *schema.Record {
	atUS := source.StartTime - r.zeroUS
	f := &flight{
		row: schema.Record{
			RecordID: uuid.NewSHA1(source.RecordID, nil), SourceRecordID: source.RecordID, StartTime: source.StartTime, Phase: r.phase(atUS),
			API: source.API, Method: source.Method, Path: source.Path, RequestModel: source.RequestModel, Stream: true, ChoiceCount: 1,
			InputTokens: new(*source.InputTokens), OutputTokens: new(*source.OutputTokens), TokenSource: schema.TokenSourceUsage,
			Dispatched: new(int64(0)), Wrote: new(int64(0)), Recorded: schema.RecordedLengths,
		},
		sequence: llmsim.Sequence{ArrivalUS: atUS, PromptTokens: int(*source.InputTokens), OutputTokens: int(*source.OutputTokens)},
	}
	if r.engine.Submit(&f.sequence) != nil {
		f.row.Outcome, f.row.HTTPStatus, f.row.OutputTokens = schema.OutcomeHTTPError, new(int64(429)), nil
		f.row.End = new(int64(0))
		return &f.row
	}
	n := f.sequence.OutputTokens + 1
	f.row.ChunkTime, f.row.ChunkKind = make([]int64, 0, n), make([]int8, 0, n)
	f.row.ChunkTokens, f.row.ChunkRead = make([]int32, 0, n), make([]int32, 0, n)
	r.flights[&f.sequence] = f
	r.sent++
	return nil
}

func (r *Run) phase(atUS int64) string {
	switch {
	case atUS < r.Warmup.Microseconds():
		return schema.PhaseWarmup
	case r.Until > 0 && atUS >= r.Until.Microseconds():
		return schema.PhaseCooldown
	}
	return schema.PhaseMeasure
}

// token notes one, and answers the row if it was the last.
func (r *Run) token(e llmsim.Emission) *schema.Record {
	f := r.flights[e.Sequence]
	f.chunk(r.EndUS, schema.KindContent, 1)
	if !e.Last {
		return nil
	}
	delete(r.flights, e.Sequence)
	f.chunk(r.EndUS, schema.KindDone, 0)
	f.row.Outcome, f.row.HTTPStatus = schema.OutcomeOK, new(int64(200))
	f.row.End = new(r.EndUS - f.sequence.ArrivalUS)
	return &f.row
}

func (f *flight) chunk(atUS int64, kind int8, tokens int32) {
	f.row.ChunkTime = append(f.row.ChunkTime, atUS-f.sequence.ArrivalUS)
	f.row.ChunkKind = append(f.row.ChunkKind, kind)
	f.row.ChunkTokens = append(f.row.ChunkTokens, tokens)
	f.row.ChunkRead = append(f.row.ChunkRead, int32(len(f.row.ChunkRead)))
}

// abort is a request that was in flight when the run was stopped.
func (r *Run) abort(f *flight) *schema.Record {
	at := r.EndUS - f.sequence.ArrivalUS
	f.row.Outcome, f.row.ClientAbort, f.row.End, f.row.OutputTokens = schema.OutcomeClientAbort, new(at), new(at), nil
	return &f.row
}

// hopeless asks Stop, when it is time to.
func (r *Run) hopeless() bool {
	if r.Stop == nil || r.EndUS < r.nextUS {
		return false
	}
	r.nextUS = r.EndUS + sampleUS
	return r.Stop(r.EndUS, r.sent, r.sent-int64(len(r.flights)))
}
