package profile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"metron/analyze/prefill"
	"metron/internal/term"
	"metron/replay"
	"metron/schema"
	"metron/schema/trace"
)

// Target measures a server: each round is a trace of prompts that replay sends one
// after the other, and a run. Fill the fields; Keep joins the runs, Close removes what
// is not kept.
type Target struct {
	// Runner makes the one for a round, which writes its run under this name.
	Runner func(out string) (*replay.Runner, error)

	MaxTokens int64  // of an answer
	Dir       string // for the rounds; it is there
	Progress  io.Writer
	Doing     string // what the next round is for, beside its progress

	prompt   replay.Prompter // fitted to the target in the first round
	made     int             // rounds, the warm-up's among them
	rounds   []string        // runs that are kept
	together []string        // those of Together
	lagUS    int64           // the longest median send lag of one
}

// Measure sends one prompt of each length, in this order.
func (t *Target) Measure(ctx context.Context, lengths []int64, warmup bool) ([]Sample, error) {
	r, err := t.send(ctx, lengths, 1)
	if err == nil && !warmup && len(r.samples) > 0 {
		t.rounds = append(t.rounds, r.path)
		t.lagUS = max(t.lagUS, r.summary.Verdict.SendLagP50US)
	}
	return r.samples, errors.Join(err, r.interrupt())
}

// round is what was sent in one go.
type round struct {
	path    string
	samples []Sample
	summary *replay.Summary
}

func (r round) interrupt() error {
	if r.summary == nil || !r.summary.Interrupted {
		return nil
	}
	return fmt.Errorf("interrupted: %d of %d prompts of this round were sent", r.summary.Sent, r.summary.Planned)
}

// send sends the prompts in this order, so many at once.
func (t *Target) send(ctx context.Context, lengths []int64, users int) (done round, err error) {
	t.made++
	name := filepath.Join(t.Dir, fmt.Sprintf("round-%03d", t.made))
	asked, err := t.write(name+".trace.parquet", lengths)
	if err != nil {
		return done, err
	}
	archive, err := schema.OpenArchive(name + ".trace.parquet")
	if err != nil {
		return done, err
	}
	defer archive.Close()
	run := name + ".parquet"
	r, err := t.Runner(run)
	if err != nil {
		return done, err
	}
	r.Plan.Trace, r.Plan.Mode, r.Plan.Users, r.Warm = archive, replay.Closed, users, users
	if t.prompt != nil {
		r.Prompt, r.NoProbe = t.prompt, true
	}
	t.prompt = r.Prompt
	doing := t.Doing
	line := term.StartProgress(t.Progress, func() string { return r.Progress() + "  " + doing })
	s, err := r.Run(ctx)
	line.Stop()
	if err != nil || s.Sent == 0 {
		return round{summary: s}, err
	}
	// What was sent before an interrupt is a measurement.
	samples, err := samplesOf(context.WithoutCancel(ctx), run, asked)
	return round{run, samples, s}, err
}

// write makes the trace of a round, and tells which row asks for what length. Its ids
// are new, so that no two prompts begin alike.
func (t *Target) write(path string, lengths []int64) (asked map[uuid.UUID]int64, err error) {
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageGenerate})
	if err != nil {
		return nil, err
	}
	asked = map[uuid.UUID]int64{}
	for i, n := range lengths {
		id := uuid.New()
		asked[id] = n
		if err := w.Put(&schema.Record{RecordID: id, StartTime: int64(i), Phase: schema.PhaseMeasure,
			API: schema.APIChat, Method: http.MethodPost, Path: "/v1/chat/completions", Stream: true, ChoiceCount: 1,
			InputTokens: &n, OutputTokens: &t.MaxTokens, TokenSource: schema.TokenSourceTrace,
			Outcome: schema.OutcomeOK, Recorded: schema.RecordedLengths}); err != nil {
			return nil, errors.Join(err, w.Abandon())
		}
	}
	return asked, w.Close()
}

// Keep writes the rows of all rounds but the warm-up into one run, if there are any, and
// those of Together, if there are, into another.
func (t *Target) Keep(ctx context.Context, out, together string) (kept bool, err error) {
	for _, part := range []struct {
		runs []string
		out  string
	}{{t.rounds, out}, {t.together, together}} {
		if len(part.runs) == 0 {
			continue
		}
		m := trace.Merge{Job: trace.Job{In: part.runs, Out: part.out, Force: true}}
		if _, err := m.Run(ctx); err != nil {
			return kept, err
		}
		kept = true
	}
	return kept, nil
}

// Doubt says what of the times is this program's own, if that is worth it.
func (t *Target) Doubt(m *prefill.Model) []string {
	shortest := m.Lengths[0].MedianUS
	if 100*t.lagUS < shortest {
		return nil
	}
	return []string{fmt.Sprintf("%s of every time is this machine's, on its way to the network: %.1f %% of the shortest", term.Seconds(float64(t.lagUS)/1e6), 100*float64(t.lagUS)/float64(shortest))}
}

// Close removes the rounds.
func (t *Target) Close() error { return os.RemoveAll(t.Dir) }
