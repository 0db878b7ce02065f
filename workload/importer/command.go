package importer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// Command is `metron import`, with a subcommand for each of Formats.
func Command() *cli.Command {
	formats := append([]Format{AutoFormat()}, Formats()...)
	var names []string
	for _, f := range formats {
		names = append(names, f.Name)
	}
	c := &cli.Command{
		Name:  "import",
		Usage: "turn a public trace, another tool's results or your own measurements into a trace",
		Description: "`metron import auto FILE` tells the format itself. `metron import FORMAT --help` says what is read and\n" +
			"shows an example, as this one:\n\n   " + azureFormat().Example,
		Flags: importFlags(AutoFormat(), true), // so that a misspelled format is the error, not the flags after it
		Before: func(c *cli.Context) error {
			if c.NumFlags() > 0 && slices.Contains(names, c.Args().First()) {
				return term.WithHint(term.Usagef("flags stand after the format"), "%s", azureFormat().Example)
			}
			return nil
		},
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return term.WithHint(term.Usagef("import needs a format: one of %s", strings.Join(names, ", ")), "%s", AutoFormat().Example)
			}
			return term.WithHint(schema.DidYouMean(term.Usagef("unknown format %q", c.Args().First()), c.Args().First(), names),
				"formats: %s", strings.Join(names, ", "))
		},
	}
	for _, f := range formats {
		c.Subcommands = append(c.Subcommands, importCommand(f))
	}
	return c
}

func importCommand(f Format) *cli.Command {
	return &cli.Command{
		Name:      f.Name,
		Usage:     f.Usage,
		ArgsUsage: "FILE...",
		Description: f.Details + "\n\nSeveral FILEs make one trace. FILE may be gzip or zstd; \"-\" is standard input. An --out that is there is\n" +
			"replaced. The last nine digits of a record_id that is made here are the row's number in FILE, the three before\n" +
			"them FILE's number, from 0.\n\nExample:\n\n   " + f.Example,
		Flags:  importFlags(f, false),
		Action: func(c *cli.Context) error { return runImport(c, f) },
	}
}

// importFlags are those of all formats, and those that f takes.
func importFlags(f Format, hidden bool) []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "out", Hidden: hidden, Usage: "trace `FILE`.parquet to write"},
		&cli.StringFlag{Name: "zero-length", Hidden: hidden, Value: KeepZero, Usage: "what to do with rows whose input or output length is zero: keep, drop, or floor (raise to one)"},
		&cli.StringFlag{Name: "spread", Hidden: hidden, Value: SpreadNone, Usage: "what to do with rows that share the stamp of a coarse clock: none, or uniform (evenly over its tick, the shortest time between two stamps)"},
		&cli.BoolFlag{Name: "skip-bad-rows", Hidden: hidden, Usage: "count and skip rows that cannot be read, instead of ending"},
		&cli.BoolFlag{Name: "json", Hidden: hidden, Usage: "print the summary as JSON"},
	}
	for _, own := range []cli.Flag{
		&cli.StringFlag{Name: "epoch", Hidden: hidden, Value: "1970-01-01T00:00:00Z", Usage: "the `TIME` that times count from which have a zero of their own"},
		&cli.Int64Flag{Name: "block-size", Hidden: hidden, Usage: "tokens that one of hash_ids stands for (default: as the format has it)"},
		&cli.StringFlag{Name: "session-starts", Hidden: hidden, Usage: "when conversations begin: " + startsForms},
		&cli.DurationFlag{Name: "think-time", Hidden: hidden, Usage: "time between the turns of a conversation"},
	} {
		if f.takes(own.Names()[0]) {
			flags = append(flags, own)
		}
	}
	return flags
}

func runImport(c *cli.Context, f Format) error {
	m := &Import{Format: f, Paths: c.Args().Slice(), Stdin: c.App.Reader, Out: c.String("out"),
		ZeroLength: c.String("zero-length"), SkipBadRows: c.Bool("skip-bad-rows"), Spread: c.String("spread"),
		Options: Options{BlockSize: c.Int64("block-size"), SessionStarts: c.String("session-starts"), ThinkTime: c.Duration("think-time")}}
	if f.takes("epoch") {
		at, err := time.Parse(time.RFC3339Nano, c.String("epoch"))
		if err != nil {
			return term.Usagef("--epoch %q is no time like 2026-01-02T03:04:05Z", c.String("epoch"))
		}
		m.EpochUS = at.UnixMicro()
	}
	if err := m.check(); err != nil {
		return err
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

// check finds what is wrong with the command line before anything is opened.
func (m *Import) check() error {
	zeros, spreads := []string{KeepZero, DropZero, FloorZero}, []string{SpreadNone, SpreadUniform}
	f := m.Format
	stdin := 0
	for _, path := range m.Paths {
		if path == "-" {
			stdin++
		}
	}
	switch {
	case len(m.Paths) == 0:
		return term.WithHint(term.Usagef("import %s needs a file", f.Name), "%s", f.Example)
	case stdin > 1:
		return term.Usagef("standard input, -, is named %d times", stdin)
	case m.Out == "":
		return term.WithHint(term.Usagef("--out is missing"), "%s", f.Example)
	case !strings.HasSuffix(m.Out, ".parquet"):
		return term.WithHint(term.Usagef("--out %q is not a name that ends in .parquet", m.Out), "%s", f.Example)
	case !slices.Contains(zeros, m.ZeroLength):
		return schema.DidYouMean(term.Usagef("--zero-length %q is none of %s", m.ZeroLength, strings.Join(zeros, ", ")), m.ZeroLength, zeros)
	case !slices.Contains(spreads, m.Spread):
		return schema.DidYouMean(term.Usagef("--spread %q is none of %s", m.Spread, strings.Join(spreads, ", ")), m.Spread, spreads)
	case m.BlockSize < 0:
		return term.Usagef("--block-size %d is below 1", m.BlockSize)
	case m.ThinkTime < 0:
		return term.Usagef("--think-time %v is negative", m.ThinkTime)
	case f.open != nil && f.takes("session-starts"):
		if _, err := parseStarts(m.SessionStarts); err != nil {
			return err
		}
	}
	return term.Apart(m.Out, append(slices.Clone(m.Paths), m.SessionStarts)...)
}

// checkOptions refuses what was asked for and the format, once it is known,
// cannot do.
func (m *Import) checkOptions() error {
	for _, o := range []struct {
		flag string
		set  bool
	}{{"epoch", m.EpochUS != 0}, {"block-size", m.BlockSize != 0}, {"session-starts", m.SessionStarts != ""}, {"think-time", m.ThinkTime != 0}} {
		if o.set && !m.Format.takes(o.flag) {
			return term.Usagef("--%s is nothing that format %s takes; the file is %s: %s", o.flag, m.Format.Name, m.Format.Name, m.report.Detected)
		}
	}
	return nil
}
