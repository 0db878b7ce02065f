package analyze

import (
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// Command is `metron analyze`.
func Command() *cli.Command {
	defaults := Config{}.fill()
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
of its own gaps, 'ttft.p99<=2s' one over the requests. What is written after a
profile replaces its items: --slo 'etalon:tbt_ttft,tbt.p99<=50ms'.

Examples:
   metron analyze run.parquet --slo 'ttft<=500ms,tbt[p99]<=50ms,fluidity>=0.9' --slo mlperf:llama3.1-8b/server
   metron analyze run.parquet --tbt-deadline 25ms --out plots --per-request requests.csv`,
		Flags: slices.Concat([]cli.Flag{
			&cli.DurationFlag{Name: "ttft-deadline", Value: defaults.TTFTDeadline, Usage: "how long the first token may take"},
			&cli.DurationFlag{Name: "tbt-deadline", Value: defaults.TBTDeadline, Usage: "how long each token after it may take"},
			&cli.StringFlag{Name: "target-miss-rate", Value: defaults.TargetMissRate.String(), Usage: "share of deadlines a request may miss, for its minimum TBT deadline"},
			&cli.StringFlag{Name: "fluidity", Value: string(defaults.Fluidity), Usage: "arithmetic of deadlines: exact, etalon or docs"},
			&cli.StringFlag{Name: "multi-token", Value: string(defaults.MultiToken), Usage: "tokens that share a chunk came in a burst, spread since the chunk before, or count as one chunk"},
			&cli.StringFlag{Name: "percentile", Value: string(defaults.Percentile), Usage: "nearest (a value that occurred) or linear (numpy's interpolation)"},
		}, sloFlags(defaults), term.SelectionFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "by", Usage: "every number for each group of rows, too: a list of " + strings.Join(DimensionNames(), ", ")},
			&cli.StringFlag{Name: "sections", Usage: "further analyses: a list of " + strings.Join(SectionNames(), ", ") + "; all, or none (default: those that cost no time)"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON instead of a table"},
			&cli.StringFlag{Name: "out", Usage: "write plots as PNG and SVG into `DIR`"},
			&cli.StringFlag{Name: "per-request", Usage: "write a line a request to `FILE` (.csv, .jsonl or .parquet)"},
		}),
		Action: run,
	}
}

func run(c *cli.Context) error {
	config, err := configOf(c)
	if err != nil {
		return err
	}
	out, tablePath := c.String("out"), c.String("per-request")
	var table *Table
	if tablePath != "" {
		if table, err = CreateTable(tablePath); err != nil {
			return err
		}
		defer table.Abandon()
		config.PerRequest = table.Put
	}
	result, err := Analyze(c.Context, c.Args().Slice(), config)
	if err != nil {
		return err
	}
	if table != nil {
		if err := table.Close(); err != nil {
			return err
		}
	}
	if out != "" {
		if err := result.WritePlots(out); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return result.WriteJSON(c.App.Writer)
	}
	return result.WriteText(c.App.Writer)
}

// configOf binds the flags. It opens nothing.
func configOf(c *cli.Context) (Config, error) {
	if !c.Args().Present() {
		return Config{}, term.WithHint(term.Usagef("analyze: no file to read"), "metron analyze run.parquet")
	}
	config := Config{
		TTFTDeadline: c.Duration("ttft-deadline"),
		TBTDeadline:  c.Duration("tbt-deadline"),
		Fluidity:     Arithmetic(c.String("fluidity")),
		MultiToken:   Policy(c.String("multi-token")),
		Percentile:   Method(c.String("percentile")),
		Plots:        c.String("out") != "",
		By:           c.StringSlice("by"),
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"ttft-deadline", config.TTFTDeadline}, {"tbt-deadline", config.TBTDeadline}} {
		if d.value <= 0 { // which would be the default to Config
			return Config{}, term.Usagef("analyze: --%s %v: must be longer than 0", d.flag, d.value)
		}
	}
	var err error
	if config.TargetMissRate, err = ParseFraction(c.String("target-miss-rate")); err != nil {
		return Config{}, term.Usagef("analyze: --target-miss-rate: %w", err)
	}
	if config.Sections, err = ParseSections(c.String("sections")); err != nil {
		return Config{}, term.Usagef("analyze: --sections: %w", err)
	}
	if config.Selection, err = schema.ParseSelection(term.Selection(c)); err != nil {
		return Config{}, term.Usagef("analyze: %w", err)
	}
	if err := bindSLOs(c, &config); err != nil {
		return Config{}, err
	}
	if err := config.Check(); err != nil {
		return Config{}, term.Usagef("analyze: %w", err)
	}
	if path := c.String("per-request"); path != "" {
		if err := CheckTable(path); err != nil {
			return Config{}, err
		}
	}
	return config, nil
}
