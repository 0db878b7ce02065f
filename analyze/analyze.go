package analyze

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"metron/internal/term"
	"metron/schema"
)

// Analyze reads the files once, in batches shared by as many workers as there are
// processors, and answers what c asks. Several files are one population.
func Analyze(ctx context.Context, paths []string, c Config) (*Result, error) {
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("analyze: %w", err)
	}
	c = c.fill()
	files, err := openAll(paths)
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	p := newPass(&c, countRows(files))
	for i, f := range files {
		if err := p.read(ctx, i, f); err != nil {
			return nil, err
		}
	}
	t := p.merged()
	if t.rows == 0 && t.otherAPI > 0 {
		return nil, term.WithHint(fmt.Errorf("analyze %s: %s, and none asked a model", quoted(paths), rowsOf(t.otherAPI)), "`metron inspect FILE` shows what a file holds")
	}
	if t.rows == 0 {
		return nil, term.WithHint(fmt.Errorf("analyze %s: no rows", quoted(paths)), "`metron inspect FILE` shows what a file holds")
	}
	result := newResult(t, files, &c)
	if c.Plots {
		if result.timelines, err = readTimelines(ctx, files, choose(t.picks), &c); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func openAll(paths []string) ([]*schema.File, error) {
	var files []*schema.File
	for _, path := range paths {
		f, err := schema.Open(path)
		if err != nil {
			return files, err
		}
		files = append(files, f)
	}
	return files, nil
}

// countRows is the number of rows of all files, -1 where a live journal does not know.
func countRows(files []*schema.File) int64 {
	rows := int64(0)
	for _, f := range files {
		n := f.NumRows()
		if n < 0 {
			return -1
		}
		rows += n
	}
	return rows
}

func quoted(paths []string) string {
	if len(paths) == 1 {
		return fmt.Sprintf("%q", paths[0])
	}
	return fmt.Sprintf("%d files, %q first", len(paths), paths[0])
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
	n := runtime.GOMAXPROCS(0)
	if c.Fluidity == ArithmeticEtalon {
		n = 1 // the last bit of Etalon's sums depends on the order of the rows
	}
	for range n {
		p.workers = append(p.workers, &worker{tally: newTally(c, rows), scorer: scorer{arithmetic: c.Fluidity}})
	}
	return p
}

// read adds the rows of one file.
func (p *pass) read(ctx context.Context, file int, f *schema.File) error {
	place := int64(0)
	for b, err := range f.Batches(columnNames()...) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		v, err := newView(b)
		if err == nil {
			err = p.batch(ctx, file, place, &v)
		}
		if err != nil {
			return fmt.Errorf("analyze %q: %w", f.Path(), err)
		}
		place += int64(v.rows)
	}
	return nil
}

// batch has every worker compute a run of the rows, and then hands them on in order.
func (p *pass) batch(ctx context.Context, file int, place int64, v *view) error {
	if p.config.PerRequest != nil {
		p.rows = make([]RequestRow, v.rows)
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, w := range p.workers {
		from, to := v.rows*i/len(p.workers), v.rows*(i+1)/len(p.workers)
		group.Go(func() error { return p.share(ctx, w, v, file, place, from, to) })
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

// share computes rows from to to of a batch that starts at place in its file.
func (p *pass) share(ctx context.Context, w *worker, v *view, file int, place int64, from, to int) error {
	for i := from; i < to; i++ {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r := request{file: file, place: place + int64(i)}
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
