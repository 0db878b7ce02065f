package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/analyze"
	"metron/analyze/plot"
	"metron/analyze/report"
	"metron/internal/term"
	"metron/schema"
)

// Command is `metron compare`.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "say whether runs differ from a first one, by how much, and how sure that is",
		ArgsUsage: "BASE RUN...",
		Description: `Compares each RUN with BASE, number by number: the change, where it lies with 95 %
confidence, and whether chance explains it. Runs that replay one trace are compared
request by request. Each argument is a file, a glob or a folder.

--fail-on takes changes that must not be, joined by commas; one that is ends the
command with exit status 4: 'ttft.p99>+5%,tbt.p99>+2ms,request_throughput<-2%'.
METRIC.each is the median change of a request against itself; goodput, token_goodput and
attainment are of the first --slo.

Example:
   metron compare base.parquet new.parquet --fail-on 'ttft.p99>+5%,e2e.each>+3%' --report report.html`,
		Flags: slices.Concat(analyze.QuestionFlags(), []cli.Flag{
			&cli.StringFlag{Name: "pairing", Value: string(Auto), Usage: "compare requests with themselves where both runs replay one trace (auto), always (source), or never (none)"},
			&cli.StringFlag{Name: "fail-on", Usage: "`CHANGES` that must not be"},
			&cli.IntFlag{Name: "worst", Value: 5, Usage: "list so many of the requests whose E2E latency grew most"},
			&cli.StringFlag{Name: "report", Usage: "write a page with the comparison and every run into `FILE` (.html)"},
			&cli.StringFlag{Name: "out", Usage: "write the distributions of TTFT, TBT and E2E over each other, as PNG and SVG, into `DIR`"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON instead of a table"},
		}),
		Action: runCommand,
	}
}

func runCommand(c *cli.Context) error {
	config, err := configOf(c)
	if err != nil {
		return err
	}
	var page *report.File
	if path := c.String("report"); path != "" {
		if page, err = report.Create(path); err != nil {
			return err
		}
		defer page.Abandon()
	}
	config.Analyze.Progress = &analyze.Progress{}
	progress := term.StartProgress(c.App.ErrWriter, config.Analyze.Progress.Line)
	out, err := Compare(c.Context, c.Args().First(), c.Args().Tail(), config)
	progress.Stop()
	if err != nil {
		return err
	}
	if page != nil {
		document := out.Document(term.CommandLine(c))
		document.Ask = analyze.AskLine(c, analyze.QuestionFlags())
		if err := page.Write(document); err != nil {
			return err
		}
	}
	if dir := c.String("out"); dir != "" {
		if err := out.WriteFigures(dir, plot.Style{}, plot.PNG, plot.SVG); err != nil {
			return err
		}
	}
	write := out.WriteText
	if c.Bool("json") {
		write = out.WriteJSON
	}
	if err := write(c.App.Writer); err != nil {
		return err
	}
	var failed []string
	for _, g := range out.Failed() {
		failed = append(failed, g.Gate+" in "+g.Run)
	}
	if len(failed) > 0 {
		return term.WithStatus(fmt.Errorf("compare: %s", strings.Join(failed, "; ")), term.ExitGate)
	}
	return nil
}

// configOf binds the flags. It opens nothing.
func configOf(c *cli.Context) (Config, error) {
	if c.NArg() < 2 {
		return Config{}, term.WithHint(term.Usagef("compare takes a base and at least one run, got %d files", c.NArg()), "metron compare base.parquet new.parquet")
	}
	question, err := analyze.Question(c)
	if err != nil {
		return Config{}, err
	}
	if path := c.String("report"); path != "" {
		if err := report.CheckPath(path); err != nil {
			return Config{}, term.Usagef("compare: --report: %w", err)
		}
		question.Report = true
	}
	config := Config{Analyze: question, Pairing: Pairing(c.String("pairing")), Worst: c.Int("worst"), Draw: c.String("out") != ""}
	if !slices.Contains(Pairings(), config.Pairing) {
		return Config{}, schema.DidYouMean(term.Usagef("compare: --pairing %q is none of auto, source, none", config.Pairing),
			string(config.Pairing), []string{string(Auto), string(BySource), string(None)})
	}
	if config.Worst < 0 {
		return Config{}, term.Usagef("compare: --worst %d: must not be below 0", config.Worst)
	}
	if text := c.String("fail-on"); text != "" {
		if config.Gates, err = ParseGates(text); err != nil {
			return Config{}, term.Usagef("compare: --fail-on: %w", err)
		}
		for _, g := range config.Gates {
			if needsSLO(g.Metric) && len(config.Analyze.SLOs) == 0 {
				return Config{}, term.WithHint(term.Usagef("compare: --fail-on %s: there is no %s without an SLO", g, g.Metric), "--slo 'ttft<=500ms,tbt[p99]<=50ms'")
			}
		}
	}
	return config, nil
}
