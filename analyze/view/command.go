package view

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/analyze"
	"metron/internal/term"
	"metron/schema"
)

// Command is `metron view`.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "view",
		Usage:     "serve the report of traces and runs over the files themselves, with exact answers",
		ArgsUsage: "FILE|GLOB|DIR...",
		Description: `Reads the files as one population, as metron analyze does, and serves the page that
its --report writes, on this machine alone. What the page estimates where it is a file, the
numbers of a brushed window, it asks here: each such question is an analysis of its own,
one at a time, and ends when the page asks another. Runs until it is interrupted.

Example:
   metron view run.parquet --tbt-deadline 25ms`,
		Flags: slices.Concat(analyze.QuestionFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "by", Usage: "every number for each group of rows, too: a list of " + strings.Join(analyze.DimensionNames(), ", ")},
			&cli.StringFlag{Name: "sections", Usage: "further analyses, as of metron analyze: a list, all or none"},
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "`ADDRESS` to listen on; port 0 takes a free one"},
			&cli.BoolFlag{Name: "open", Usage: "have the browser open the page"},
		}),
		Action: run,
	}
}

func run(c *cli.Context) error {
	config, err := configOf(c)
	if err != nil {
		return err
	}
	paths, err := schema.Paths(c.Args().Slice()...)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.String("listen"))
	if err != nil {
		return term.WithHint(fmt.Errorf("view: %w", err), "`--listen 127.0.0.1:0` takes a free port")
	}
	defer l.Close()
	config.Progress = &analyze.Progress{}
	progress := term.StartProgress(c.App.ErrWriter, config.Progress.Line)
	s, err := serverOf(c.Context, asked{paths, config, term.CommandLine(c), analyze.AskLine(c, analyze.QuestionFlags())})
	progress.Stop()
	if err != nil {
		return err
	}
	address := l.Addr().(*net.TCPAddr)
	if !address.IP.IsLoopback() {
		fmt.Fprintf(c.App.ErrWriter, "metron: whoever reaches %s can read these numbers\n", address)
	}
	name := nameOf(c.String("listen"), os.Hostname)
	url := "http://" + net.JoinHostPort(name, strconv.Itoa(address.Port)) + "/"
	fmt.Fprintf(c.App.Writer, "the page is at %s\n", url)
	if c.Bool("open") {
		if err := openBrowser(url); err != nil {
			fmt.Fprintf(c.App.ErrWriter, "metron: %v\n", err)
		}
	}
	return s.Serve(c.Context, l, name)
}

// configOf binds the flags. It opens nothing.
func configOf(c *cli.Context) (analyze.Config, error) {
	if !c.Args().Present() {
		return analyze.Config{}, term.WithHint(term.Usagef("view: no file to read"), "metron view run.parquet")
	}
	for _, name := range []string{"trim", "steady"} {
		if c.IsSet(name) {
			return analyze.Config{}, term.WithHint(term.Usagef("view: --%s: it would trim every window anew", name),
				"brush the part to keep, or give it as --from and --to")
		}
	}
	config, err := analyze.Question(c)
	if err != nil {
		return config, err
	}
	config.By = c.StringSlice("by")
	if config.Sections, err = analyze.ParseSections(c.String("sections")); err != nil {
		return config, term.Usagef("view: --sections: %w", err)
	}
	if err := config.Check(); err != nil {
		return config, term.Usagef("view: %w", err)
	}
	config.Report = true
	return config, nil
}
