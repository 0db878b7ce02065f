package capacity

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

// Command is `metron capacity`.
func Command(prompters Prompters) *cli.Command {
	return &cli.Command{
		Name:      "capacity",
		Usage:     "find the largest rate of requests at which an SLO holds",
		ArgsUsage: "TRACE.parquet|GLOB|DIR...",
		Description: `Replays the trace, its times scaled to one rate after the other, or what --arrival
and lengths generate, and judges each run by the SLO, until it knows the capacity as
precisely as was asked. Every run is kept in --out; a search with another SLO, or
one after a crash, begins with the runs that are there and makes what is missing.

--slo takes what analyze takes; Etalon's three types are deadline, tbt_ttft and
ttft_tpot. Given several times, one capacity each. --offline asks runs that are there,
of this command or of replay, and sends nothing. --matrix does it all for targets x
workloads x SLOs of a file, and starts and stops the targets.

Examples, against a simulated server:

   metron sim --listen 127.0.0.1:8000 --profile large-gpu & sleep 1
   metron generate --arrival poisson:rate=1 --lengths fixed:input=256,output=32 --requests 5000 --out load.parquet
   metron capacity load.parquet --target http://127.0.0.1:8000 --slo ttft_tpot --label large --from-rate 8 --out cap
   metron capacity --offline cap/runs --slo 'ttft.p99<=500ms'`,
		Flags: flags(),
		Action: func(c *cli.Context) error {
			r, err := do(c, prompters)
			if r == nil {
				return err
			}
			return errors.Join(err, report(c, r))
		},
	}
}

// do finds the capacities that the command line asks for. An error comes with those that
// were found.
func do(c *cli.Context, prompters Prompters) (*Result, error) {
	names, out := c.Args().Slice(), c.String("out")
	switch {
	case c.Bool("offline") && c.IsSet("matrix"):
		return nil, term.Usagef("--offline and --matrix exclude each other")
	case c.IsSet("matrix") && (len(names) > 0 || c.IsSet("target") || c.IsSet("slo") || c.IsSet("arrival")):
		return nil, term.Usagef("--matrix says the targets, the workloads and the SLOs: give them there")
	case c.IsSet("matrix"):
		for _, flag := range c.LocalFlagNames() {
			if !slices.Contains([]string{"matrix", "out", "json"}, flag) {
				return nil, term.WithHint(term.Usagef("beside --matrix --%s has no meaning", flag), "`flags:` of the matrix, for every cell, a target or a workload")
			}
		}
		if out == "" {
			return nil, noOut()
		}
		return matrix(c, prompters)
	case c.Bool("offline") && (c.IsSet("target") || c.IsSet("arrival")):
		return nil, term.Usagef("--offline sends nothing: --target and --arrival have no meaning")
	case c.Bool("offline") && len(names) == 0:
		return nil, term.WithHint(term.Usagef("--offline needs runs"), "metron capacity --offline cap/runs --slo ttft_tpot")
	case c.Bool("offline"):
		return offline(c.Context, c, names)
	case out == "":
		return nil, noOut()
	}
	b, err := newBench(c.Context, c, names, out, prompters, c.App.ErrWriter)
	if err != nil {
		return nil, err
	}
	defer b.load.close()
	result := newResult()
	if err := b.read(c.Context); err != nil {
		return nil, err
	}
	for i := range b.question.SLOs {
		cell, err := b.hunt(c.Context, i, c.App.ErrWriter)
		result.add(cell, err)
		if err != nil {
			return result, err
		}
	}
	return result, nil
}

func noOut() error {
	return term.WithHint(term.Usagef("--out is missing: runs are kept"), "--out cap")
}

// report prints the result, and writes it and its plots into the folder.
func report(c *cli.Context, r *Result) error {
	if out := c.String("out"); out != "" {
		if err := r.write(out); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return r.WriteJSON(c.App.Writer)
	}
	return r.WriteText(c.App.Writer)
}

// write leaves result.json and the plots in the folder.
func (r *Result) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	var text strings.Builder
	if err := r.WriteJSON(&text); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "result.json"), []byte(text.String()), 0o644); err != nil {
		return err
	}
	return r.draw(filepath.Join(dir, "plots"))
}

func newResult() *Result { return &Result{SchemaVersion: 1, Cells: []Cell{}} }

// add takes a cell up, and what ended it early.
func (r *Result) add(c Cell, err error) {
	switch {
	case errors.Is(err, context.Canceled):
		c.Error = "interrupted"
	case err != nil:
		c.Error = err.Error()
	}
	r.Cells = append(r.Cells, c)
}
