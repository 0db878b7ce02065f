package capacity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"metron/analyze"
	"metron/internal/term"
	"metron/recipe/capacity/search"
	"metron/replay"
)

// Prompters makes sources of bodies, as replay asks for them.
type Prompters = func(replay.Prompts) (replay.Prompter, error)

// bench is one build and one workload, and how it is asked.
type bench struct {
	build, name string // of the workload
	load        load
	key         string

	flags     *cli.Context // of replay
	prompters Prompters
	store     store
	coolDown  time.Duration
	invalid   bool // runs whose timing did not hold are believed

	question analyze.Config // its SLOs are what is searched for
	search   search.Config  // but for the SLO

	ready func(context.Context) error // before the first run; nil: the target is there
	log   io.Writer                   // a line a run
	known []judged                    // runs that were asked, in the order that they were made
}

// newBench reads everything and opens the workload; nothing is sent yet.
func newBench(ctx context.Context, c *cli.Context, traces []string, dir string, prompters Prompters, log io.Writer) (*bench, error) {
	b := &bench{build: c.String("label"), flags: c, prompters: prompters, store: store{dir}, coolDown: c.Duration("cool-down"),
		invalid: c.Bool("allow-invalid"), log: log}
	var err error
	if b.question, err = questionOf(c); err != nil {
		return nil, err
	}
	if b.search, err = searchOf(c); err != nil {
		return nil, err
	}
	r, err := replay.FromFlags(c)
	if err != nil {
		return nil, err
	}
	switch r.Plan.Mode {
	case replay.Closed, replay.ASAP:
		return nil, term.WithHint(term.Usagef("--mode %s sends as fast as it is answered: it has no rate to search", r.Plan.Mode), "--mode open or session")
	}
	if b.build == "" {
		b.build = r.Targets[0].Host
	}
	if b.name, b.load, err = loadOf(c, traces, dir); err != nil {
		return nil, err
	}
	if err := b.store.open(); err != nil {
		return nil, errors.Join(err, b.load.close())
	}
	digest, err := b.load.digest(ctx)
	if err == nil {
		b.key, err = keyOf(b.build, digest, r.Settings(c), r.Header)
	}
	if err != nil {
		return nil, errors.Join(err, b.load.close())
	}
	return b, nil
}

// questionOf reads what runs are held to.
func questionOf(c *cli.Context) (analyze.Config, error) {
	q, err := analyze.Judge(c)
	if err != nil {
		if term.Hint(err) != "" && c.String("prefill-model") == "" {
			err = term.WithHint(err, "--prefill-model FILE, which `metron prefill` makes; ttft_deadline=500ms in the SLO needs none")
		}
		return q, err
	}
	if len(q.SLOs) == 0 {
		return q, term.WithHint(term.Usagef("capacity: --slo is missing: capacity is the largest rate at which it holds"), "--slo 'ttft.p90<=500ms,tbt.p99<=50ms', or deadline, tbt_ttft, ttft_tpot")
	}
	return search.Asking(q), nil
}

func (b *bench) logf(format string, args ...any) { fmt.Fprintf(b.log, "metron: "+format+"\n", args...) }
