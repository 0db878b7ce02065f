package inspect

import (
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// Command is `metron inspect`; draw makes the pictures of --workload.
func Command(draw Drawer) *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "say what is in a trace or run, and whether it is sound",
		ArgsUsage: "FILE|GLOB|DIR...",
		Description: "Rows, span, rate, models, outcomes, lengths, sizes and the footer of each file: a trace, a run,\n" +
			"or the journal (.arrows) of one that is being written. A folder stands for the files in it.\n" +
			"With --json, one object a file.\n\n" +
			"--verify reads everything instead: checksums of pages, statistics, the order of times, what outcomes,\n" +
			"lists and the footer must have. It names each problem's row (from 0) and column, and the exit status\n" +
			"is 1 if there is one. What servers may really do, such as usage that differs from the stream, is a note.\n\n" +
			"--workload says and draws what the files together ask of a server: rate over time, how bursty, lengths,\n" +
			"sessions, and what a prefix cache of any size could have had. --out makes pictures of it, PNG and SVG.\n\n" +
			"Examples:\n\n" +
			"   metron inspect conv.parquet\n" +
			"   metron inspect traces --where 'outcome!=ok' --from 10m\n" +
			"   metron inspect --verify traces run.parquet\n" +
			"   metron inspect --workload conv.parquet --out pictures",
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: "verify", Usage: "check that files are sound"},
			&cli.BoolFlag{Name: "workload", Usage: "draw what they ask of a server"},
			&cli.StringFlag{Name: "out", Usage: "`DIR` for pictures of the workload"},
		}, term.SelectionFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		}),
		Action: func(c *cli.Context) error { return run(c, draw) },
	}
}

func run(c *cli.Context, draw Drawer) error {
	if c.NArg() == 0 {
		return term.WithHint(term.Usagef("inspect needs a file"), "metron inspect run.parquet")
	}
	selection, err := schema.ParseSelection(term.Selection(c))
	if err != nil {
		return term.Usagef("inspect: %w", err)
	}
	if err := checkWorkload(c); err != nil {
		return term.Usagef("inspect: %w", err)
	}
	if c.Bool("workload") {
		return showWorkload(c, selection, draw)
	}
	if !c.Bool("verify") {
		return summarize(c, selection)
	}
	if !selection.IsZero() {
		return term.Usagef("inspect: --verify checks every row and takes no --where, --from or --to")
	}
	return verify(c)
}

func summarize(c *cli.Context, selection schema.Selection) error {
	a, err := schema.OpenArchive(c.Args().Slice()...)
	if err != nil {
		return err
	}
	defer a.Close()
	rows, first := int64(0), true
	wait := func() *term.Progress { return term.StartProgress(c.App.ErrWriter, term.Elapsed("reading "+a.Name())) }
	progress := wait()
	defer func() { progress.Stop() }()
	for s, err := range Each(c.Context, a, selection) {
		progress.Stop()
		if err != nil {
			return err
		}
		if s.Rows == 0 && !s.Journal && selection.IsZero() {
			return term.WithHint(fmt.Errorf("inspect %q: it has no rows", s.File), "record or import it again")
		}
		rows += s.Rows
		if s.Rows == 0 && !selection.IsZero() {
			progress = wait()
			continue
		}
		if err := write(c, s, first); err != nil {
			return err
		}
		first, progress = false, wait()
	}
	if rows == 0 && !selection.IsZero() {
		return term.WithHint(fmt.Errorf("inspect %s: it has no rows %v", a.Name(), selection), "widen --from, --to or --where")
	}
	return nil
}

func verify(c *cli.Context) error {
	paths, err := schema.Paths(c.Args().Slice()...)
	if err != nil {
		return err
	}
	var v Verifier
	problems, bad := int64(0), 0
	for i, path := range paths {
		progress := term.StartProgress(c.App.ErrWriter, v.Progress)
		r, err := v.Verify(c.Context, path)
		progress.Stop()
		if err != nil {
			return err
		}
		if n := r.ProblemCount(); n > 0 {
			problems, bad = problems+n, bad+1
		}
		if err := write(c, r, i == 0); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("verify: %s in %d of %s", plural(problems, "problem"), bad, plural(int64(len(paths)), "file"))
	}
	return nil
}

// writer is what inspect prints: a summary or a report.
type writer interface {
	WriteText(w io.Writer) error
	WriteJSON(w io.Writer) error
}

func write(c *cli.Context, w writer, first bool) error {
	if c.Bool("json") {
		return w.WriteJSON(c.App.Writer)
	}
	if !first {
		fmt.Fprintln(c.App.Writer)
	}
	return w.WriteText(c.App.Writer)
}
