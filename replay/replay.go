package replay

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"metron/internal/term"
	"metron/internal/wire"
	"metron/schema"
)

// Prompter makes request bodies for rows that carry none.
type Prompter interface {
	// Body is the body of the request that stands for r, in r's API and for
	// r.RequestModel. It is called ahead of the send, one call at a time.
	Body(r *schema.Record) ([]byte, error)
}

const (
	// lookAhead is how many bodies are ready before their moment: a second
	// at 1,000 requests/s, so that making one never delays a send.
	lookAhead = 1024
	// readyBytes bounds what those bodies hold when prompts are very long.
	readyBytes = 256 << 20
	// rowQueue takes the rows of a burst while the journal is being written.
	rowQueue = 8192
	// headStart lets the first request be no later than any other.
	headStart = 50 * time.Millisecond
)

// Runner replays a plan against a target. Fill the fields, then call Run once.
type Runner struct {
	Plan   *Plan
	Target *url.URL
	Key    string // API key sent as a bearer token; never recorded
	Model  string // sent instead of the recorded model; "" asks the target when the trace has none
	Prompt Prompter

	// CountBy gives a counter for the text of an answer whose tokens the target
	// does not tell; nil: they stay unknown.
	CountBy func() wire.Counter

	// NoProbe skips the trial request before the run.
	NoProbe bool

	// Timeout is how long one request may take, from its send to the end of
	// its answer; 0: for ever.
	Timeout time.Duration

	// StartAt is the wall time at which offset 0 of the plan is sent; zero: as
	// soon as the first bodies are ready.
	StartAt time.Time

	// MaxInFlight caps the requests in flight at once, and Overload says what
	// becomes of one too many; 0: there is no cap, and the pacer waits for nobody.
	MaxInFlight int
	Overload    Overload

	// Aborts is how clients that left in the trace leave again.
	Aborts Aborts

	// Grace is how long requests in flight may go on after an interrupt.
	Grace time.Duration

	// Out is opened once the target has been seen to answer.
	Out func(schema.Meta) (*schema.Writer, error)

	client  *client
	runID   uuid.UUID
	zeroUS  int64 // the moment that offset 0 of the plan is sent, us since the Unix epoch
	out     *schema.Writer
	rows    chan *schema.Record
	ahead   *semaphore.Weighted // of readyBytes
	making  sync.Mutex          // held while Prompt makes a body
	slots   *slots              // nil: no cap
	unwatch func()              // ends the watch over this process's load, once it has begun
	later   *later              // in the modes whose turns wait

	// Live counts, read by Progress.
	started     atomic.Bool
	sent        atomic.Int64
	done        atomic.Int64
	failed      atomic.Int64
	tokens      atomic.Int64
	unsentCount atomic.Int64
	recorded    tally
}

// Run sends the plan, waits for the answers, seals the file, and returns what
// happened. When ctx ends it stops sending, lets requests in flight go on for
// Grace, and keeps what was done; the summary says so. An error means that
// there is no complete file, and names the journal if there is one.
func (r *Runner) Run(ctx context.Context) (*Summary, error) {
	if err := r.Plan.Measure(ctx); err != nil {
		return nil, err
	}
	clock := schema.NewClock()
	r.client = newClient(r.Target, r.Key, clock)
	if err := r.prepareTarget(ctx); err != nil {
		return nil, err
	}
	if !r.StartAt.IsZero() && r.StartAt.UnixMicro() < clock.NowUS() {
		return nil, term.WithHint(fmt.Errorf("--start-at %s passed while the run was prepared", r.StartAt.Format(time.RFC3339)), "choose a later moment")
	}
	if r.MaxInFlight > 0 && r.Plan.Mode.scheduled() {
		r.slots = &slots{most: r.MaxInFlight, policy: r.Overload}
	}
	r.runID = uuid.New()
	r.rows = make(chan *schema.Record, rowQueue)
	r.ahead = semaphore.NewWeighted(readyBytes)
	var err error
	if r.out, err = r.Out(schema.Meta{Vantage: schema.VantageReplay, TimeZero: clock.ZeroUS(), Clock: "monotonic from one wall reading",
		Privacy: r.privacy()}); err != nil {
		return nil, err
	}
	interrupted, err := r.send(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("stopped after %d of %d requests (what was recorded is in %q): %w",
			r.sent.Load(), r.Plan.Rows(), r.out.Journal(), err), r.out.Keep())
	}
	digest, err := r.Plan.Trace.Digest()
	if err != nil {
		return nil, errors.Join(err, r.out.Keep())
	}
	s := r.recorded.summary(r.Plan, r.sent.Load(), interrupted)
	r.out.SetMeta(func(m *schema.Meta) {
		m.Verdict, m.SourceDigest = s.Verdict, digest
		m.Counters = map[string]int64{"planned": r.Plan.Rows(), "sent": s.Sent}
	})
	return s, r.out.Close()
}

// privacy is the most that a row of the run keeps: the trace's hashes, never
// its content.
func (r *Runner) privacy() string {
	for _, f := range r.Plan.Trace.Files {
		if p := f.Meta().Privacy; p == schema.RecordedHash || p == schema.RecordedContent {
			return schema.RecordedHash
		}
	}
	return schema.RecordedLengths
}

// prepareTarget finds the model and tries one request.
func (r *Runner) prepareTarget(ctx context.Context) error {
	for s, err := range r.Plan.Sends() {
		if err != nil {
			return err
		}
		if r.Model == "" && s.Row.RequestModel == "" {
			if r.Model, err = r.client.model(ctx); err != nil {
				return err
			}
		}
		r.address(s.Row)
		if r.NoProbe {
			return nil
		}
		return r.client.probe(ctx, r.Prompt, s.Row, r.Timeout)
	}
	return nil
}

// address sets the model that a row is sent to.
func (r *Runner) address(row *schema.Record) {
	if r.Model != "" {
		row.RequestModel = r.Model
	}
}

// Progress is the live line: sent, in flight, done, errors, lag, tokens/s, time left.
func (r *Runner) Progress() string {
	if !r.started.Load() {
		return "preparing prompts and connections"
	}
	elapsed := max(time.Duration(r.client.clock.NowUS()-r.zeroUS)*time.Microsecond, time.Millisecond)
	sent, done := r.sent.Load(), r.done.Load()
	left := (r.Plan.Duration() - elapsed).Round(time.Second)
	eta := "draining"
	switch going := sent+r.unsentCount.Load() < r.Plan.Rows(); {
	case going && r.zeroUS > r.client.clock.NowUS():
		eta = "waiting for " + r.StartAt.Format(time.TimeOnly)
	case going && !r.Plan.Mode.scheduled():
		eta = ""
	case going:
		eta = max(left, 0).String() + " left"
	}
	return fmt.Sprintf("sent %s/%s  in flight %s  done %s  errors %s  lag p99 %s  %s tok/s  %s",
		term.Count(sent), term.Count(r.Plan.Rows()), term.Count(sent-done), term.Count(done), term.Count(r.failed.Load()),
		term.Seconds(float64(r.recorded.recentLagP99())/1e6), term.Number(float64(r.tokens.Load())/elapsed.Seconds()), eta)
}
