package analyze

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"metron/internal/term"
	"metron/schema"
	"metron/schema/inspect/demand"
)

// Analyze reads the files once, in batches shared by as many workers as there are
// processors, and answers what c asks. Several files are one population.
func Analyze(ctx context.Context, paths []string, c Config) (*Result, error) {
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("analyze: %w", err)
	}
	c = c.fill()
	archive, err := schema.OpenArchive(paths...)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	if c.kept, err = c.Trim.keep(ctx, archive, &c); err != nil {
		return nil, err
	}
	if c.EstimatePrefill {
		if c.Prefill, err = estimatePrefill(ctx, archive, &c); err != nil {
			return nil, err
		}
	}
	if c.Linked {
		if c.origin, _, err = archive.FirstStart(); err != nil {
			return nil, err
		}
	}
	p := newPass(&c, archive.NumRows())
	if err := p.read(ctx, archive); err != nil {
		return nil, err
	}
	t := p.merged()
	if t.rows == 0 {
		return nil, term.WithHint(fmt.Errorf("analyze %s: %s", archive.Name(), nothing(t, &c)), "`metron inspect FILE` shows what a file holds")
	}
	if err := t.groups.err(); err != nil {
		return nil, fmt.Errorf("analyze %s: %w", archive.Name(), err)
	}
	if err := countClusters(ctx, archive, &c, t); err != nil {
		return nil, err
	}
	if err := t.gathered.reread(ctx, archive, &c); err != nil {
		return nil, err
	}
	result := newResult(t, archive.Files, &c)
	if c.Report {
		// Files whose times overlap have no workload to speak of, which takes nothing from the rest.
		if result.workload, err = demand.Measure(ctx, archive, c.Selection); err != nil && !errors.Is(err, demand.ErrOrder) {
			return nil, err
		}
	}
	if c.Plots {
		chosen, err := choose(t.picks, &c)
		if err != nil {
			return nil, fmt.Errorf("analyze %s: %w", archive.Name(), err)
		}
		if result.timelines, err = readTimelines(ctx, archive, chosen, &c); err != nil {
			return nil, err
		}
	}
	if c.Linked {
		if result.Linked, err = t.linked.result(ctx, archive, &c); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// nothing says why there is no row to speak of.
func nothing(t *tally, c *Config) string {
	switch {
	case t.otherAPI > 0:
		return rowsOf(t.otherAPI) + ", and none asked a model"
	case !c.Selection.IsZero():
		return "no rows " + c.Selection.String()
	}
	return "no rows"
}

// pass is one read over all rows.
type pass struct {
	config  *Config
	workers []*worker
	rows    []RequestRow // of the current batch, where they are asked for
}

// worker computes a share of each batch.
type worker struct {
	tally  *tally
	tokens tokenTimes
	scorer scorer
}

func newPass(c *Config, rows int64) *pass {
	p := &pass{config: c}
	for range c.workers() {
		p.workers = append(p.workers, &worker{tally: newTally(c, rows), scorer: scorer{arithmetic: c.Fluidity}})
	}
	return p
}

// workers is how many share a pass.
func (c *Config) workers() int {
	if c.Fluidity == ArithmeticEtalon {
		return 1 // the last bit of Etalon's sums depends on the order of the rows
	}
	return runtime.GOMAXPROCS(0)
}

// read adds the rows that were asked for.
func (p *pass) read(ctx context.Context, a *schema.Archive) error {
	for b, err := range p.config.batches(ctx, a, p.config.columns()) {
		if err != nil {
			return err
		}
		v, err := newView(b)
		if err == nil {
			err = p.batch(ctx, slices.Index(a.Files, b.File), &v)
		}
		if err != nil {
			return fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
		if progress := p.config.Progress; progress != nil && progress.OnRows != nil {
			progress.OnRows(b.NumRows())
		}
	}
	return nil
}

// batch has every worker compute a run of the rows, and then hands them on in order.
func (p *pass) batch(ctx context.Context, file int, v *view) error {
	if p.config.PerRequest != nil {
		p.rows = make([]RequestRow, v.rows)
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, w := range p.workers {
		from, to := v.rows*i/len(p.workers), v.rows*(i+1)/len(p.workers)
		group.Go(func() error { return p.share(ctx, w, v, file, from, to) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range p.rows {
		if err := p.config.PerRequest(&p.rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// share computes rows from to to of a batch.
func (p *pass) share(ctx context.Context, w *worker, v *view, file int, from, to int) error {
	for i := from; i < to; i++ {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r := request{file: file, place: v.batch.Row(i)}
		if err := v.row(i, &r.row); err != nil {
			return fmt.Errorf("row %d: %w", r.place+1, err)
		}
		r.compute(&w.tokens, &w.scorer, p.config)
		w.tally.add(&r, &w.scorer)
		if p.rows != nil {
			p.rows[i] = newRequestRow(&r, p.config)
		}
	}
	return nil
}

// merged is the tally of all workers.
func (p *pass) merged() *tally {
	t := p.workers[0].tally
	for _, w := range p.workers[1:] {
		t.merge(w.tally)
	}
	return t
}
