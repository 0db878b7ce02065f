package profile

import (
	"context"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"metron/analyze"
	"metron/analyze/prefill"
	"metron/internal/llmsim"
	"metron/replay"
	"metron/schema"
	"metron/workload"
)

// target is a simulated server on loopback.
func target(t *testing.T, c llmsim.Config) *Target {
	server, err := llmsim.Start(c, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	return &Target{MaxTokens: 1, Dir: t.TempDir(), Progress: &strings.Builder{}, Runner: func(out string) (*replay.Runner, error) {
		return &replay.Runner{Plan: &replay.Plan{}, Targets: []*url.URL{u}, Prompt: &workload.Prompter{Extensions: true},
			Out: func(m schema.Meta) (*schema.Writer, error) { return schema.Create(out, m) }}, nil
	}}
}

// TestTarget: prompts go out one at a time with the lengths that were asked for and
// nothing in common; what is refused is known; and the run that is kept says the same
// again.
func TestTarget(t *testing.T) {
	to := target(t, llmsim.Config{MaxModelLen: 300, Engine: llmsim.EngineConfig{CacheBlocks: -1, Cost: llmsim.Cost{PrefillUS: 500, PrefillTokenUS: 20}}})
	e := &Explorer{Lengths: []int64{32, 64, 128, 512}, Repeat: 3, Precision: 1, Measure: to.Measure}
	m, err := e.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Lengths) != 3 || m.Points != 9 || m.MinTokens != 32 || m.MaxTokens != 128 {
		t.Errorf("%d lengths, %d points, %d to %d tokens", len(m.Lengths), m.Points, m.MinTokens, m.MaxTokens)
	}
	for _, s := range e.samples {
		if s.Tokens != s.Asked || s.Cached != 0 || s.US < 500+20*s.Asked || s.Failure != "" {
			t.Errorf("sample %+v", s)
		}
	}
	if text := strings.Join(m.Notes, "; "); !strings.Contains(text, "below 512 tokens, which the target refused: status 400: ") || strings.Contains(text, "cache") {
		t.Errorf("notes %q", m.Notes)
	}
	if err := to.Together(t.Context(), m, 4, 2); err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Lengths {
		if l.TogetherUS == nil || *l.TogetherUS < 500+20*l.Tokens {
			t.Errorf("4 at once: %+v", l)
		}
	}
	run, together := filepath.Join(t.TempDir(), "prefill.parquet"), filepath.Join(t.TempDir(), "together.parquet")
	if kept, err := to.Keep(t.Context(), run, together); err != nil || !kept {
		t.Fatal(kept, err)
	}
	if f, err := schema.Open(together); err != nil || f.NumRows() != 3*4*2 {
		t.Errorf("the run of those at once: %v", err)
	} else if err := f.Close(); err != nil {
		t.Error(err)
	}
	for i := range m.Lengths {
		m.Lengths[i].TogetherUS = nil // a matter of the other run
	}
	again, err := analyze.Prefill(t.Context(), []string{run}, analyze.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Curve, m.Curve) || !reflect.DeepEqual(again.Lengths, m.Lengths) || !reflect.DeepEqual(again.Knots, m.Knots) {
		t.Errorf("the run says %+v\nand the measurement said %+v", again, m)
	}
}

// TestTargetInterrupted: what was measured before is kept.
func TestTargetInterrupted(t *testing.T) {
	to := target(t, llmsim.Config{Engine: llmsim.EngineConfig{Cost: llmsim.Cost{PrefillUS: 20_000}}})
	ctx, stop := context.WithCancel(t.Context())
	runner := to.Runner
	to.Runner = func(out string) (*replay.Runner, error) {
		r, err := runner(out)
		r.Grace = 10 * time.Second
		go func() {
			for r.Live().Done < 3 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			stop()
		}()
		return r, err
	}
	samples, err := to.Measure(ctx, slices.Repeat([]int64{32}, 500), false)
	if err == nil || !strings.Contains(err.Error(), "of 500 prompts of this round were sent") {
		t.Error(err)
	}
	if len(samples) < 3 || len(samples) == 500 {
		t.Errorf("%d samples", len(samples))
	}
	if more, err := to.Measure(ctx, []int64{32}, false); err == nil {
		t.Errorf("after the end: %v", more)
	}
	run := filepath.Join(t.TempDir(), "prefill.parquet")
	if kept, err := to.Keep(t.Context(), run, ""); err != nil || !kept {
		t.Fatal(kept, err)
	}
	f, err := schema.Open(run)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.NumRows() != int64(len(samples)) {
		t.Errorf("%d rows of %d samples", f.NumRows(), len(samples))
	}
}

func TestSampleOf(t *testing.T) {
	for _, c := range []struct {
		name string
		row  schema.Record
		want Sample
	}{
		{"ok", schema.Record{Outcome: schema.OutcomeOK, InputTokens: new(int64(70))}, Sample{Asked: 64, Point: prefill.Point{Tokens: 70, US: 900}}},
		{"no usage", schema.Record{Outcome: schema.OutcomeOK}, Sample{Asked: 64, Point: prefill.Point{Tokens: 64, US: 900}}},
		{"cached", schema.Record{Outcome: schema.OutcomeOK, InputTokens: new(int64(70)), CachedInputTokens: new(int64(48))},
			Sample{Asked: 64, Point: prefill.Point{Tokens: 22, US: 900}, Cached: 48}},
		{"too long", schema.Record{Outcome: schema.OutcomeHTTPError, HTTPStatus: new(int64(400)), ErrorMessage: "the context is 32 tokens"},
			Sample{Asked: 64, Point: prefill.Point{Tokens: 64, US: 900}, Failure: "status 400: the context is 32 tokens", Refused: true}},
		{"busy", schema.Record{Outcome: schema.OutcomeHTTPError, HTTPStatus: new(int64(429)), ErrorMessage: "later"},
			Sample{Asked: 64, Point: prefill.Point{Tokens: 64, US: 900}, Failure: "status 429: later"}},
		{"cut", schema.Record{Outcome: schema.OutcomeTruncated, ErrorType: "no_terminal"},
			Sample{Asked: 64, Point: prefill.Point{Tokens: 64, US: 900}, Failure: "truncated no_terminal"}},
	} {
		if got := sampleOf(&c.row, 64, 900); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
