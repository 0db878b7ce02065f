package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"metron/analyze"
	"metron/analyze/compare"
	"metron/analyze/view"
	"metron/capture"
	"metron/internal/completion"
	"metron/internal/llmsim"
	"metron/internal/term"
	"metron/recipe"
	"metron/recipe/capacity"
	"metron/recipe/profile"
	"metron/replay"
	"metron/schema/inspect"
	"metron/schema/recovery"
	"metron/schema/trace"
	"metron/workload/generate"
	"metron/workload/importer"
)

// commands is the table of subcommands: a new one is one line here.
func commands() []*cli.Command {
	list := []*cli.Command{
		recipe.DemoCommand(),
		recipe.BenchCommand(),
		capture.Command(),
		importer.Command(),
		generate.Command(),
		replay.Command(recipe.Prompter),
		analyze.Command(),
		analyze.PlotCommand(),
		compare.Command(),
		view.Command(),
		profile.Command(recipe.Prompter),
		capacity.Command(recipe.Prompter),
		inspect.Command(recipe.DrawWorkload),
		trace.Command(),
		recovery.Command(),
		llmsim.Command(),
		completion.Command(flagValues),
	}
	for _, c := range list {
		addQuiet(c)
	}
	return list
}

// addQuiet gives every command that does something a --quiet: what goes to stderr beside
// the error that ends it is not written.
func addQuiet(c *cli.Command) {
	for _, sub := range c.Subcommands {
		addQuiet(sub)
	}
	if c.Hidden || len(c.Subcommands) > 0 && len(c.Flags) == 0 { // it only has others
		return
	}
	c.Flags = append(c.Flags, &cli.BoolFlag{Name: "quiet", Usage: "no progress, notes or warnings on stderr; only the error that ends it"})
	before := c.Before
	c.Before = func(ctx *cli.Context) error {
		if ctx.Bool("quiet") {
			ctx.App.ErrWriter = io.Discard
		}
		if before == nil {
			return nil
		}
		return before(ctx)
	}
}

// run is the whole program but for the process around it: args[0] is its name,
// the result its exit status. Data goes to stdout, everything else to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := &cli.App{
		Name:        "metron",
		Usage:       "record LLM traffic with the time of every token, replay it, and ask the columns",
		Commands:    commands(),
		Reader:      stdin,
		Writer:      stdout,
		ErrWriter:   stderr,
		Suggest:     true,
		HideVersion: true,
		// main prints errors itself, in one form, and chooses the exit status.
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   usageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return term.WithHint(term.Usagef("unknown command %q", c.Args().First()), "`metron --help` lists the commands")
			}
			return overview(c.App.Writer, ".")
		},
	}
	for _, c := range app.Commands {
		setUsageError(c)
	}
	err := app.RunContext(ctx, term.FlagsFirst(app.Commands, args))
	if err == nil {
		return term.ExitOK
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	fmt.Fprintf(stderr, "metron: %v\n", err)
	if hint := term.Hint(err); hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hint)
	}
	return term.ExitCode(err)
}

func setUsageError(c *cli.Command) {
	c.OnUsageError = usageError
	for _, sub := range c.Subcommands {
		setUsageError(sub)
	}
}

func usageError(c *cli.Context, err error, _ bool) error {
	name := "metron"
	if c.Command != nil && c.Command.HelpName != "" {
		name = c.Command.HelpName
	}
	return term.WithHint(term.Usagef("%s: %w", name, err), "`%s --help` shows its flags and an example", name)
}
