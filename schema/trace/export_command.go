package trace

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

func exportCommand() *cli.Command {
	const example = "metron trace export perfetto run.parquet --to 60s --out timeline.json"
	about := strings.Builder{}
	for _, f := range Formats() {
		fmt.Fprintf(&about, "   %-9s %s\n", f.Name, f.About)
	}
	return &cli.Command{
		Name:      "export",
		Usage:     "write rows in the format of another tool",
		ArgsUsage: "FORMAT FILE|GLOB|DIR...",
		Description: "Formats:\n\n" + about.String() + "\nRows stand in the order of their start_time. What a format cannot carry is counted on stderr.\n" +
			"A name that ends in .gz is compressed.\n\nExample:\n\n   " + example,
		Flags: append(term.SelectionFlags(),
			&cli.StringFlag{Name: "out", Usage: "`FILE` to write; - is stdout"},
			&cli.BoolFlag{Name: "tokens", Value: true, Usage: "perfetto: a mark for each token; =false for long traces"},
			&cli.BoolFlag{Name: "force", Usage: "replace --out when it is there"},
			&cli.BoolFlag{Name: "json", Usage: "print the summary as JSON"},
		),
		Action: func(c *cli.Context) error {
			e, err := configureExport(c, example)
			if err != nil {
				return err
			}
			progress := term.StartProgress(c.App.ErrWriter, e.Progress)
			r, err := e.Run(c.Context)
			progress.Stop()
			if err != nil {
				return err
			}
			return r.print(c)
		},
	}
}

// configureExport checks every flag before anything is opened.
func configureExport(c *cli.Context, example string) (*Export, error) {
	name, in := c.Args().First(), c.Args().Tail()
	e := &Export{In: in, Out: c.String("out"), Stdout: c.App.Writer, Force: c.Bool("force"), NoTokens: !c.Bool("tokens")}
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
		if f.Name == name {
			e.Format = f
		}
	}
	switch {
	case e.Format.Name == "":
		return nil, term.WithHint(schema.DidYouMean(term.Usagef("trace export needs a format, one of %s; %q is none", formatNames(), name), name, names), "%s", example)
	case len(in) == 0:
		return nil, term.WithHint(term.Usagef("trace export needs a file to read"), "%s", example)
	case e.Out == "":
		return nil, term.WithHint(term.Usagef("--out is missing"), "%s", example)
	case e.Out == "-" && c.Bool("json"):
		return nil, term.Usagef("--json and --out - would both write to stdout")
	case e.Format.Name == "tokens" && strings.HasSuffix(e.Out, ".gz"):
		return nil, term.Usagef("--out %q: Parquet is compressed inside; give it a name without .gz", e.Out)
	}
	var err error
	if e.Selection, err = schema.ParseSelection(term.Selection(c)); err != nil {
		return nil, term.Usagef("trace export: %w", err)
	}
	return e, nil
}

// print says what was written, and on stderr what was not.
func (r *Exported) print(c *cli.Context) error {
	if c.Bool("json") {
		out := json.NewEncoder(c.App.Writer)
		out.SetIndent("", "  ")
		return out.Encode(r)
	}
	if r.LeftOut > 0 {
		fmt.Fprintf(c.App.ErrWriter, "metron: left out %s without lengths\n", term.Plural(r.LeftOut, "row", "rows"))
	}
	for _, what := range slices.Sorted(maps.Keys(r.Lost)) {
		fmt.Fprintf(c.App.ErrWriter, "metron: the format cannot carry all: %s, in %s\n", what, term.Plural(r.Lost[what], "row", "rows"))
	}
	if r.Out == "-" {
		return nil
	}
	_, err := fmt.Fprintf(c.App.Writer, "written   %s, %s\n", r.Out, term.Plural(r.Rows, "row", "rows"))
	return err
}
