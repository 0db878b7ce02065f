package profile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"metron/analyze"
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

	prompt replay.Prompter // fitted to the target in the first round
	made   int             // rounds, the warm-up's among them
	rounds []string        // runs that are kept
	lagUS  int64           // the longest median send lag of one
}

// Measure sends one prompt of each length, in this order.
func (t *Target) Measure(ctx context.Context, lengths []int64, warmup bool) ([]Sample, error) {
	t.made++
	name := filepath.Join(t.Dir, fmt.Sprintf("round-%03d", t.made))
	asked, err := t.write(name+".trace.parquet", lengths)
	if err != nil {
		return nil, err
	}
	archive, err := schema.OpenArchive(name + ".trace.parquet")
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	run := name + ".parquet"
	r, err := t.Runner(run)
	if err != nil {
		return nil, err
	}
	r.Plan.Trace, r.Plan.Mode, r.Plan.Users, r.Warm = archive, replay.Closed, 1, 1
	if t.prompt != nil {
		r.Prompt, r.NoProbe = t.prompt, true
	}
	t.prompt = r.Prompt
	doing := t.Doing
	line := term.StartProgress(t.Progress, func() string { return r.Progress() + "  " + doing })
	s, err := r.Run(ctx)
	line.Stop()
	if err != nil {
		return nil, err
	}
	if !warmup {
		t.rounds = append(t.rounds, run)
		t.lagUS = max(t.lagUS, s.Verdict.SendLagP50US)
	}
	samples, err := samplesOf(ctx, run, asked)
	if err == nil && s.Interrupted {
		err = fmt.Errorf("interrupted: %d of %d prompts of this round were sent", s.Sent, s.Planned)
	}
	return samples, err
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

// Keep writes the rows of all rounds but the warm-up into one run, if there are any.
func (t *Target) Keep(ctx context.Context, out string) (kept bool, err error) {
	if len(t.rounds) == 0 {
		return false, nil
	}
	m := trace.Merge{Job: trace.Job{In: t.rounds, Out: out, Force: true}}
	_, err = m.Run(ctx)
	return err == nil, err
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

// samplesOf reads the rows of a round in the order of their sends. When the first token
// came is what analyze says.
func samplesOf(ctx context.Context, path string, asked map[uuid.UUID]int64) (samples []Sample, err error) {
	first := map[uuid.UUID]int64{}
	_, err = analyze.Analyze(ctx, []string{path}, analyze.Config{Sections: []string{}, PerRequest: func(r *analyze.RequestRow) error {
		if r.TTFTS != nil {
			first[r.RecordID] = int64(math.Round(*r.TTFTS * 1e6))
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	f, err := schema.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for r, err := range f.Records() {
		if err != nil {
			return nil, err
		}
		samples = append(samples, sampleOf(r, asked[r.SourceRecordID], first[r.RecordID]))
	}
	return samples, nil
}

func sampleOf(r *schema.Record, asked, firstUS int64) Sample {
	s := Sample{Asked: asked, Point: prefill.Point{Tokens: asked, US: firstUS}}
	if r.InputTokens != nil {
		s.Tokens = *r.InputTokens
	}
	if r.CachedInputTokens != nil {
		s.Cached = min(*r.CachedInputTokens, s.Tokens)
		s.Tokens -= s.Cached
	}
	if r.Outcome == schema.OutcomeOK {
		return s
	}
	s.Failure = strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Outcome, r.ErrorType, r.ErrorMessage))
	if r.HTTPStatus != nil {
		switch s.Failure = fmt.Sprintf("status %d: %s", *r.HTTPStatus, r.ErrorMessage); *r.HTTPStatus {
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			s.Refused = true
		}
	}
	return s
}
