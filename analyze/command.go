package analyze

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/analyze/plot"
	"metron/analyze/publish"
	"metron/analyze/report"
	"metron/internal/term"
)

// Command is `metron analyze`.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "analyze",
		Usage:     "answer latency questions from the columns of traces and runs",
		ArgsUsage: "FILE|GLOB|DIR...",
		Description: `Reads one or more trace or run files as one population and prints every metric
with its counts and percentiles. Deadlines, policies and percentiles are asked
here: another question needs no other run.

--where takes conditions on columns, several joined by commas, all of which must
hold: 'outcome=ok,model=llama*|qwen*,input_tokens>=1000,session!=null'. model,
endpoint, session, status and time are short for request_model, path, session_id,
http_status and start_time.

--slo judges each request by all constraints of its own, and the population by its
percentiles: 'ttft<=500ms' is a request's own value, 'tbt[p99]<=50ms' a percentile
of its own gaps, 'ttft.p99<=2s' one over the requests. What is written beside a
profile replaces its items: --slo 'etalon:tbt_ttft,tbt.p99<=50ms'.

Examples:
   metron analyze run.parquet --slo 'ttft<=500ms,tbt[p99]<=50ms,fluidity>=0.9' --slo mlperf:llama3.1-8b/server
   metron analyze run.parquet --tbt-deadline 25ms --out plots --per-request requests.csv
   metron analyze run.parquet --sections all --report report.html`,
		Flags: slices.Concat(QuestionFlags(), []cli.Flag{
			&cli.StringFlag{Name: "dialect", Usage: "the numbers that other tools make of the same requests: a list of " + strings.Join(Dialects(), ", ")},
			&cli.BoolFlag{Name: "explain", Usage: "why those numbers differ; without --dialect, of every such tool side by side"},
			&cli.StringSliceFlag{Name: "by", Usage: "every number for each group of rows, too: a list of " + strings.Join(DimensionNames(), ", ")},
			&cli.StringFlag{Name: "sections", Usage: "further analyses: a list of " + strings.Join(SectionNames(), ", ") + "; all, or none (default: those that cost no time)"},
			&cli.StringFlag{Name: "format", Value: Formats()[0], Usage: "print " + strings.Join(Formats(), ", ")},
			&cli.BoolFlag{Name: "json", Usage: "--format json"},
			&cli.StringFlag{Name: "out", Usage: "write plots as PNG and SVG, and the page of --report, into `DIR`"},
			&cli.StringFlag{Name: "report", Usage: "write a page that answers further questions into `FILE` (.html)"},
			term.SecretTextsFlag("publish", "send the numbers to a `TRACKER`, "+strings.Join(publish.Kinds(), " or ")+" (repeatable); credentials come from the environment", term.RedactURL),
			&cli.StringFlag{Name: "per-request", Usage: "write a line a request to `FILE` (.csv, .jsonl or .parquet)"},
			&cli.StringFlag{Name: "per-token", Usage: "write a line a token to `FILE` (.csv, .jsonl or .parquet)"},
		}),
		Action: run,
	}
}

func run(c *cli.Context) error {
	config, err := configOf(c)
	if err != nil {
		return err
	}
	trackers, err := trackersOf(c)
	if err != nil {
		return err
	}
	var requests *Table[RequestRow]
	var tokens *Table[TokenRow]
	if path := c.String("per-request"); path != "" {
		if requests, err = CreateTable[RequestRow](path); err != nil {
			return err
		}
		defer requests.Abandon()
		config.PerRequest = requests.Put
	}
	if path := c.String("per-token"); path != "" {
		if tokens, err = CreateTable[TokenRow](path); err != nil {
			return err
		}
		defer tokens.Abandon()
	}
	var page *report.File
	if path := c.String("report"); path != "" {
		if page, err = report.Create(path); err != nil {
			return err
		}
		defer page.Abandon()
	}
	// Nearly all of the heap is plain numbers, which cost the collector nothing: collected
	// often, the memory of large archives stays near what they need.
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	config.Progress = &Progress{}
	progress := term.StartProgress(c.App.ErrWriter, config.Progress.Line)
	defer progress.Stop()
	result, err := Analyze(c.Context, c.Args().Slice(), config)
	if err != nil {
		return err
	}
	if requests != nil {
		if err := requests.Close(); err != nil {
			return err
		}
	}
	if tokens != nil {
		if err := WriteTokens(c.Context, c.Args().Slice(), config, tokens.Put); err != nil {
			return err
		}
		if err := tokens.Close(); err != nil {
			return err
		}
	}
	if out := c.String("out"); out != "" {
		if _, err := WriteFigures(out, plot.Style{}, []plot.Format{plot.PNG, plot.SVG}, result); err != nil {
			return err
		}
	}
	if config.Report {
		document := result.Document(term.CommandLine(c))
		document.Ask = AskLine(c, QuestionFlags())
		if page != nil {
			if err := page.Write(document); err != nil {
				return err
			}
		}
		if out := c.String("out"); out != "" {
			if err := report.WriteFile(filepath.Join(out, "report.html"), document); err != nil {
				return err
			}
		}
	}
	progress.Stop()
	if err := result.Write(c.App.Writer, formatOf(c)); err != nil {
		return err
	}
	return result.publish(c, trackers)
}

// trackersOf reads --publish.
func trackersOf(c *cli.Context) ([]publish.Tracker, error) {
	var out []publish.Tracker
	for _, text := range term.Texts(c, "publish") {
		t, err := publish.Open(text, os.Getenv)
		if err != nil {
			return nil, term.Usagef("analyze: --publish: %w", err)
		}
		out = append(out, t)
	}
	return out, nil
}

// publish tells each tracker, the others too where one fails.
func (r *Result) publish(c *cli.Context, trackers []publish.Tracker) error {
	if len(trackers) == 0 {
		return nil
	}
	report, err := r.Published()
	if err != nil {
		return err
	}
	progress := term.StartProgress(c.App.ErrWriter, term.Elapsed("publishing"))
	defer progress.Stop()
	var failed error
	for _, t := range trackers {
		where, err := t.Publish(c.Context, report)
		switch {
		case err == nil:
			fmt.Fprintf(c.App.ErrWriter, "metron: published to %s\n", where)
		case failed == nil:
			failed = fmt.Errorf("publish: %w", err)
		default:
			failed = fmt.Errorf("%w; %w", failed, err)
		}
	}
	return failed
}

func formatOf(c *cli.Context) string {
	if c.Bool("json") {
		return "json"
	}
	return c.String("format")
}

// configOf binds the flags. It opens nothing.
func configOf(c *cli.Context) (Config, error) {
	if !c.Args().Present() {
		return Config{}, term.WithHint(term.Usagef("analyze: no file to read"), "metron analyze run.parquet")
	}
	config, err := Question(c)
	if err != nil {
		return Config{}, err
	}
	if c.String("out") != "" {
		config.Drawing.Kinds = FigureNames()
	}
	config.Report = c.String("report") != "" || c.String("out") != ""
	config.By = c.StringSlice("by")
	config.Explain = c.Bool("explain")
	if names := c.String("dialect"); names != "" {
		config.Dialects = strings.Split(names, ",")
	}
	if config.Sections, err = ParseSections(c.String("sections")); err != nil {
		return Config{}, term.Usagef("analyze: --sections: %w", err)
	}
	if err := config.Check(); err != nil {
		return Config{}, term.Usagef("analyze: %w", err)
	}
	if path := c.String("report"); path != "" {
		if err := report.CheckPath(path); err != nil {
			return Config{}, term.Usagef("analyze: --report: %w", err)
		}
	}
	if c.Bool("json") && c.IsSet("format") && c.String("format") != "json" {
		return Config{}, term.Usagef("analyze: --json and --format %s: want one of them", c.String("format"))
	}
	if name := formatOf(c); !slices.Contains(Formats(), name) {
		return Config{}, term.Usagef("analyze: --format %q: must be one of %s", name, strings.Join(Formats(), ", "))
	}
	for _, flag := range []string{"per-request", "per-token"} {
		if path := c.String(flag); path != "" {
			if err := CheckTable(path); err != nil {
				return Config{}, term.Usagef("analyze: --%s: %w", flag, err)
			}
		}
	}
	if path := c.String("per-request"); path != "" && filepath.Clean(path) == filepath.Clean(c.String("per-token")) {
		return Config{}, term.Usagef("analyze: --per-request and --per-token both write %q", path)
	}
	return config, nil
}
