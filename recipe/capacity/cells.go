package capacity

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"
)

// matrix goes through the cells of a matrix, target by target and workload by workload;
// the SLOs of one share its runs and its server. A cell that fails is said, and the
// others go on.
func matrix(c *cli.Context, prompters Prompters) (*Result, error) {
	g, err := readGrid(c.String("matrix"))
	if err != nil {
		return nil, err
	}
	var all []*row
	defer func() {
		for _, r := range all {
			r.bench.load.close()
		}
	}()
	for i := range g.Targets {
		for k := range g.Workloads { // everything is read before anything is started
			r, err := g.row(c, &g.Targets[i], &g.Workloads[k], prompters)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", g.Targets[i].Label, g.Workloads[k].Name, err)
			}
			all = append(all, r)
		}
	}
	result, failed := newResult(), 0
	for _, r := range all {
		cells, err := r.hunt(c)
		result.Cells = append(result.Cells, cells...)
		if err != nil {
			return result, err
		}
	}
	for _, cell := range result.Cells {
		if cell.Error != "" {
			failed++
		}
	}
	if failed > 0 {
		return result, fmt.Errorf("%d of %d cells failed", failed, len(result.Cells))
	}
	return result, nil
}

// row is the cells of one target and one workload.
type row struct {
	bench  *bench
	server server
}

func (g *grid) row(c *cli.Context, t *target, w *loadSpec, prompters Prompters) (*row, error) {
	own, err := parse(g.args(t, w))
	if err != nil {
		return nil, err
	}
	var traces []string
	if w.Trace != "" {
		traces = []string{w.Trace}
	}
	out := c.String("out")
	b, err := newBench(c.Context, own, traces, out, prompters, c.App.ErrWriter)
	if err != nil {
		return nil, err
	}
	for i := range b.question.SLOs {
		b.question.SLOs[i].Name = g.SLOs[i].name
	}
	return &row{bench: b, server: server{target: *t, log: filepath.Join(out, "logs", fileName(t.Label)+"-"+fileName(w.Name)+".log"),
		readyWithin: g.ReadyWithin.or(10 * time.Minute), stopWithin: g.StopWithin.or(30 * time.Second)}}, nil
}

// hunt finds the capacity within each SLO. The server runs from the first run that is
// missing to the last; an error ends the whole matrix.
func (r *row) hunt(c *cli.Context) (cells []Cell, err error) {
	b := r.bench
	defer func() {
		if downErr := r.server.down(); downErr != nil {
			b.logf("%s: %v", b.build, downErr)
		}
	}()
	result := newResult()
	if err := b.read(c.Context); err != nil {
		return nil, err
	}
	var unable error // to start
	for i := range b.question.SLOs {
		b.ready = func(ctx context.Context) error {
			if unable == nil {
				unable = r.server.up(ctx)
			}
			return unable
		}
		cell, err := b.hunt(c.Context, i, c.App.ErrWriter)
		result.add(cell, err)
		if c.Context.Err() != nil {
			return result.Cells, c.Context.Err()
		}
		if err != nil {
			b.logf("%s, %s, %s: FAILED: %v", b.build, b.name, cell.SLO, err)
			if err := r.server.down(); err != nil { // the next one has a server that is new
				b.logf("%s: %v", b.build, err)
			}
		}
	}
	return result.Cells, nil
}

// openLog opens the log of a server, to go on with it.
func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}
