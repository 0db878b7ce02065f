package replay

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"metron/internal/sigv4"
	"metron/internal/term"
	"metron/internal/wire"
	"metron/schema"
)

// Prompter makes request bodies for rows that carry none.
type Prompter interface {
	// Body is the body of the request that stands for r, for r.RequestModel. r.API is
	// the name of a forms.Form. It is called ahead of the send, one call at a time.
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
	Plan    *Plan
	Targets []*url.URL // one or more servers of the same model
	Spread  Spread     // how requests are dealt to them
	Key     string     // API key, sent where each API looks for it; never recorded
	Prompt  Prompter   // of bodies for rows without one

	// AWS signs the requests to a target that takes signatures in place of a key.
	AWS map[*url.URL]*sigv4.Signer

	// Changes are what is sent otherwise than recorded. For rows that name no model, in
	// their bodies neither, the target is asked, if Model is "".
	Changes

	// HTTP2 speaks HTTP/2 and nothing else: with TLS by ALPN, without by prior
	// knowledge. Requests then share connections, and a chunk's time is that of the
	// last read of its connection when it was taken, be it another request's.
	HTTP2 bool

	// Roots are trusted to name a target; nil: the system's are.
	Roots *x509.CertPool

	// Warm is how many connections are opened before the first send, over all
	// targets: 0 none, WarmAuto as many as the plan is likely to need.
	Warm int

	// StopOnErrors ends the run when so many requests in a row, in the order of
	// their ends, have failed in any way; 0: never.
	StopOnErrors int

	// CountBy gives a counter for the text of an answer whose tokens the target
	// does not tell; nil: they stay unknown.
	CountBy func() wire.Counter

	// History is where the answers are from that made-up turns go on from, in modes
	// whose turns wait for each other.
	History History

	// NoProbe skips the trial request before the run.
	NoProbe bool

	// Timeout is how long one request may take, from its send to the end of
	// its answer; 0: for ever.
	Timeout time.Duration

	// Timer is how the moments of sends are waited for; "" is the most exact one.
	Timer Timer

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

	client   *client
	served   string   // the model of rows that name none
	prompts  Prompts  // as the flags have them
	learned  []string // what the Prompter learned of the target
	unfitted bool     // it learns nothing: the target counts no prompts
	kept     bool     // the target was seen to keep a connection after its answer
	deals    dealer   // by making
	errors   streak
	runID    uuid.UUID
	zeroUS   int64 // the moment that offset 0 of the plan is sent, us since the Unix epoch
	out      *schema.Writer
	rows     chan *schema.Record
	ahead    *semaphore.Weighted // of readyBytes
	making   sync.Mutex          // held while a body is made
	slots    *slots              // nil: no cap
	lateErr  firstError          // of bodies that were made late
	history  atomic.Int64        // bytes of answers that are held
	later    *later              // in the modes whose turns wait
	unwatch  func()              // ends the watch over this process's load, once it has begun

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
// there is no complete file, and names the journal if there is one; where
// nothing but the recording failed, there is a summary, too.
func (r *Runner) Run(ctx context.Context) (*Summary, error) {
	if err := r.Plan.Measure(ctx); err != nil {
		return nil, err
	}
	clock := schema.NewClock()
	r.client = newClient(clock, r.HTTP2, r.Roots)
	defer r.client.close()
	r.deals = dealer{targets: r.Targets, spread: r.Spread}
	peak, err := r.roomFor(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.prepareTargets(ctx); err != nil {
		return nil, err
	}
	if err := r.warmUp(ctx, peak); err != nil {
		return nil, err
	}
	if !r.StartAt.IsZero() && r.StartAt.UnixMicro() < clock.NowUS() {
		return nil, term.WithHint(fmt.Errorf("--start-at %s passed while the run was prepared", r.StartAt.Format(time.RFC3339)), "choose a later moment")
	}
	if r.MaxInFlight > 0 && r.Plan.Mode.scheduled() {
		r.slots = &slots{most: r.MaxInFlight, policy: cmp.Or(r.Overload, Queue)}
	}
	r.runID = uuid.New()
	r.rows = make(chan *schema.Record, rowQueue)
	r.ahead = semaphore.NewWeighted(readyBytes)
	if r.out, err = r.Out(schema.Meta{Vantage: schema.VantageReplay, TimeZero: clock.ZeroUS(), Clock: "monotonic from one wall reading",
		Privacy: r.privacy()}); err != nil {
		return nil, err
	}
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.errors = streak{most: r.StopOnErrors, stop: stop}
	cut, lost, err := r.send(sending)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("stopped after %d of %d requests (what was recorded is in %q): %w",
			r.sent.Load(), r.Plan.Rows(), r.out.Journal(), err), lost.error(), r.out.Keep())
	}
	digest, err := r.Plan.Trace.Digest()
	if err != nil {
		return nil, errors.Join(err, r.out.Keep())
	}
	s := r.recorded.summary(r.Plan, r.sent.Load(), cut && ctx.Err() != nil)
	s.Prompts = r.learned
	if r.Plan.Mode != ASAP { // which waits for no moment
		s.Verdict.Timer = string(r.Timer.orDefault())
	}
	if cut && !s.Interrupted {
		s.StoppedOnErrors = int64(r.StopOnErrors)
	}
	r.out.SetMeta(func(m *schema.Meta) {
		m.Verdict, m.SourceDigest = s.Verdict, digest
		m.Counters = map[string]int64{"planned": r.Plan.Rows(), "sent": s.Sent}
		if lost.count > 0 {
			m.Counters["lost"] = lost.count
		}
	})
	s.Lost = lost.count
	if err := r.out.Close(); err != nil {
		_ = r.out.Keep() // which says the same again
		return s, term.WithHint(errors.Join(lost.error(), err), "make room, then `metron recover %s` completes what was recorded", r.out.Journal())
	}
	return s, lost.error()
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
