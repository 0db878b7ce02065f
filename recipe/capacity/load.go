package capacity

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/replay"
	"metron/schema"
	"metron/workload/generate"
)

// load is what is sent, at any rate.
type load interface {
	// digest tells it from others.
	digest(ctx context.Context) (string, error)

	// fill says which rows of which trace a run sends; done is called after the run.
	fill(ctx context.Context, p *replay.Plan, r stamp) (done func() error, err error)

	close() error
}

// loadOf reads which one the command line names.
func loadOf(c *cli.Context, traces []string, scratch string) (name string, w load, err error) {
	name = c.String("workload")
	arrival := c.String("arrival")
	switch {
	case arrival != "" && len(traces) > 0:
		return "", nil, term.Usagef("a trace %q and --arrival %s are two workloads: give one", traces[0], arrival)
	case arrival != "":
		if _, err := generate.FromFlags(c); err != nil {
			return "", nil, err
		}
		return cmp.Or(name, arrival), generated{c, scratch}, nil
	case len(traces) == 0:
		return "", nil, term.WithHint(term.Usagef("capacity needs a trace, or --arrival and lengths to make one of"),
			"metron capacity trace.parquet --target URL --slo 'ttft.p90<=500ms' --out DIR")
	}
	for _, f := range generate.Flags() {
		if flag := f.Names()[0]; flag != "seed" && c.IsSet(flag) { // that of a search is another
			return "", nil, term.Usagef("--%s makes a load, and %q is one: give one", flag, traces[0])
		}
	}
	archive, err := schema.OpenArchive(traces...)
	if err != nil {
		return "", nil, err
	}
	return cmp.Or(name, filepath.Base(traces[0])), &recorded{archive: archive}, nil
}

// generated makes a trace of its own for every run.
type generated struct {
	flags   *cli.Context
	scratch string // folder of the trace while it is sent
}

// digest is that of the settings and of a trace that they make, which shows what the
// files that they name hold.
func (w generated) digest(ctx context.Context) (string, error) {
	g, archive, done, err := w.make(ctx, 64, 0)
	if err != nil {
		return "", err
	}
	sample, err := archive.Digest()
	if err := errors.Join(err, done()); err != nil {
		return "", err
	}
	g.Out = ""
	settings, err := json.Marshal(g)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(append(settings, sample...))), nil
}

func (w generated) fill(ctx context.Context, p *replay.Plan, r stamp) (func() error, error) {
	_, archive, done, err := w.make(ctx, r.scheduled(), r.Seed)
	p.Trace = archive
	return done, err
}

func (w generated) make(ctx context.Context, rows int64, seed uint64) (*generate.Generator, *schema.Archive, func() error, error) {
	g, err := generate.FromFlags(w.flags)
	if err != nil {
		return nil, nil, nil, err
	}
	g.Requests, g.Seed, g.Out = rows, seed, filepath.Join(w.scratch, "workload.parquet")
	if _, err := g.Run(ctx); err != nil {
		return nil, nil, nil, err
	}
	archive, err := schema.OpenArchive(g.Out)
	if err != nil {
		return nil, nil, nil, err
	}
	return g, archive, func() error { return errors.Join(archive.Close(), os.Remove(g.Out)) }, nil
}

func (generated) close() error { return nil }

// scheduled is how many requests the schedule of a run has.
func (r stamp) scheduled() int64 { return int64(math.Ceil(r.Rate * r.durationS())) }
