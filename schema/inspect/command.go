package inspect

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// Command is `metron inspect`.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "say what is in a trace or run",
		ArgsUsage: "FILE...",
		Description: "Rows, span, rate, models, outcomes, lengths, sizes and the footer of each FILE: a trace, a run,\n" +
			"or the journal (.arrows) of one that is being written. With --json, one object a file.\n\n" +
			"Example:\n\n" +
			"   metron import azure azure-2023-conv.csv --out conv.parquet\n" +
			"   metron inspect conv.parquet",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		},
		Action: run,
	}
}

func run(c *cli.Context) error {
	if c.NArg() == 0 {
		return term.WithHint(term.Usagef("inspect needs a file"), "metron inspect run.parquet")
	}
	for i, path := range c.Args().Slice() {
		s, err := inspectPath(c.Context, path)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			err = s.WriteJSON(c.App.Writer)
		} else {
			if i > 0 {
				fmt.Fprintln(c.App.Writer)
			}
			err = s.WriteText(c.App.Writer)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func inspectPath(ctx context.Context, path string) (*Summary, error) {
	f, err := schema.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := Inspect(ctx, f)
	if err != nil {
		return nil, err
	}
	if s.Rows == 0 && !s.Journal {
		return nil, term.WithHint(fmt.Errorf("inspect %q: it has no rows", path), "record or import it again")
	}
	return s, nil
}
