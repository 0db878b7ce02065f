package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// Command is `metron import`, with a subcommand for each of Formats.
func Command() *cli.Command {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	c := &cli.Command{
		Name:  "import",
		Usage: "turn a public trace or your own measurements into a trace",
		Description: "`metron import FORMAT --help` says what is read and shows an example, as this one:\n\n" +
			"   " + azureFormat().Example,
		Flags: importFlags(true), // so that a misspelled format is the error, not the flags after it
		Before: func(c *cli.Context) error {
			if c.NumFlags() > 0 && slices.Contains(names, c.Args().First()) {
				return term.WithHint(term.Usagef("flags stand after the format"), "%s", azureFormat().Example)
			}
			return nil
		},
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return term.WithHint(term.Usagef("import needs a format: one of %s", strings.Join(names, ", ")), "%s", azureFormat().Example)
			}
			return term.WithHint(schema.DidYouMean(term.Usagef("unknown format %q", c.Args().First()), c.Args().First(), names),
				"formats: %s", strings.Join(names, ", "))
		},
	}
	for _, f := range Formats() {
		c.Subcommands = append(c.Subcommands, importCommand(f))
	}
	return c
}

func importCommand(f Format) *cli.Command {
	return &cli.Command{
		Name:      f.Name,
		Usage:     f.Usage,
		ArgsUsage: "FILE",
		Description: f.Details + "\n\nFILE may be gzip; \"-\" is standard input. An --out that is there is replaced. The last twelve digits\n" +
			"of a record_id that is made here are the row's number in FILE.\n\nExample:\n\n   " + f.Example,
		Flags:  importFlags(false),
		Action: func(c *cli.Context) error { return runImport(c, f) },
	}
}

func importFlags(hidden bool) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "out", Hidden: hidden, Usage: "trace `FILE`.parquet to write"},
		&cli.StringFlag{Name: "zero-length", Hidden: hidden, Value: KeepZero, Usage: "what to do with rows whose input or output length is zero: keep, drop, or floor (raise to one)"},
		&cli.BoolFlag{Name: "skip-bad-rows", Hidden: hidden, Usage: "count and skip rows that cannot be read, instead of ending"},
		&cli.BoolFlag{Name: "json", Hidden: hidden, Usage: "print the summary as JSON"},
	}
}

func runImport(c *cli.Context, f Format) error {
	m := &Import{Format: f, Path: c.Args().First(), Stdin: c.App.Reader, Out: c.String("out"),
		ZeroLength: c.String("zero-length"), SkipBadRows: c.Bool("skip-bad-rows")}
	policies := []string{KeepZero, DropZero, FloorZero}
	switch {
	case c.NArg() != 1:
		return term.WithHint(term.Usagef("import %s takes one file, got %d", f.Name, c.NArg()), "%s", f.Example)
	case m.Out == "":
		return term.WithHint(term.Usagef("--out is missing"), "%s", f.Example)
	case !strings.HasSuffix(m.Out, ".parquet"):
		return term.WithHint(term.Usagef("--out %q is not a name that ends in .parquet", m.Out), "%s", f.Example)
	case !slices.Contains(policies, m.ZeroLength):
		return schema.DidYouMean(term.Usagef("--zero-length %q is none of %s", m.ZeroLength, strings.Join(policies, ", ")), m.ZeroLength, policies)
	}
	progress := term.StartProgress(c.App.ErrWriter, m.Progress)
	r, err := m.Run(c.Context)
	progress.Stop()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return r.WriteJSON(c.App.Writer)
	}
	if err := r.WriteText(c.App.Writer); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "next: metron inspect %s\n", m.Out)
	return err
}
