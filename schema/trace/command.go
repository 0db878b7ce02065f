package trace

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// Command is `metron trace`.
func Command() *cli.Command {
	verbs := []*cli.Command{sliceCommand(), mergeCommand(), anonymizeCommand(), exportCommand()}
	var names []string
	for _, v := range verbs {
		names = append(names, v.Name)
	}
	return &cli.Command{
		Name:        "trace",
		Usage:       "cut, join, share and export traces and runs",
		Subcommands: verbs,
		Action: func(c *cli.Context) error {
			all := strings.Join(names, ", ")
			if !c.Args().Present() {
				return term.WithHint(term.Usagef("trace needs a verb: one of %s", all), "metron trace slice day.parquet --from 10m --to 15m --out part.parquet")
			}
			return term.WithHint(schema.DidYouMean(term.Usagef("unknown verb %q", c.Args().First()), c.Args().First(), names), "verbs: %s", all)
		},
	}
}

func sliceCommand() *cli.Command {
	const example = "metron trace slice traces --from 10m --to 20m --where 'outcome=ok' --sample 10% --out part.parquet"
	return &cli.Command{
		Name:      "slice",
		Usage:     "write some of the rows: a window, those that meet conditions, a sample",
		ArgsUsage: "FILE|GLOB|DIR...",
		Description: "Rows are kept whole. --sample takes whole sessions, chosen by a hash of their id, and rows without\n" +
			"one by their record_id: the same seed takes the same ones from every file, and 10% are among the 20%.\n" +
			"The share is multiplied into sample_rate. Several files are joined as by `metron trace merge`.\n\n" +
			"Example:\n\n   " + example,
		Flags: jobFlags(append(term.SelectionFlags(),
			&cli.StringFlag{Name: "sample", Usage: "keep this `SHARE` of what the others leave, such as 10% or 0.1"},
			&cli.StringFlag{Name: "sample-by", Value: BySession, Usage: "what stays together: session, tenant or request"},
			&cli.Uint64Flag{Name: "seed", Usage: "another seed takes another sample"},
		)...),
		Action: func(c *cli.Context) error {
			s := &Slice{SampleBy: c.String("sample-by"), Seed: c.Uint64("seed")}
			if err := s.bind(c, example); err != nil {
				return err
			}
			var err error
			if s.Selection, err = schema.ParseSelection(term.Selection(c)); err != nil {
				return term.Usagef("trace slice: %w", err)
			}
			if err := choice(c, "sample-by", BySession, ByTenant, ByRequest); err != nil {
				return err
			}
			switch {
			case c.IsSet("sample"):
				if s.Sample, err = parseShare(c.String("sample")); err != nil {
					return term.Usagef("trace slice: --sample: %w", err)
				}
			case c.IsSet("seed") || c.IsSet("sample-by"):
				return term.WithHint(term.Usagef("trace slice: --seed and --sample-by say how to sample, and there is no --sample"), "%s", example)
			}
			return perform(c, &s.Job, s.Run)
		},
	}
}

func mergeCommand() *cli.Command {
	const example = "metron trace merge traces --out day.parquet"
	return &cli.Command{
		Name:      "merge",
		Usage:     "write the rows of several files into one, by start_time",
		ArgsUsage: "FILE|GLOB|DIR...",
		Description: "A row that stands in two files is kept once. Different rows with one record_id are both kept: the\n" +
			"later file's takes a new one, and what refers to it in its file follows. Sessions and block hashes of\n" +
			"the same name are the same. Files must be of one vantage: captures, runs, imports.\n\n" +
			"Example:\n\n   " + example,
		Flags: jobFlags(),
		Action: func(c *cli.Context) error {
			m := &Merge{}
			if err := m.bind(c, example); err != nil {
				return err
			}
			return perform(c, &m.Job, m.Run)
		},
	}
}

func anonymizeCommand() *cli.Command {
	const example = "metron trace anonymize day.parquet --out shared.parquet"
	return &cli.Command{
		Name:      "anonymize",
		Usage:     "write the rows without who asked whom for what",
		ArgsUsage: "FILE|GLOB|DIR...",
		Description: "Always removed: bodies, headers, error messages, response ids, server metrics, seeds, the lengths of\n" +
			"chunks; of the footer, the host, the configuration and where the file came from. Always replaced:\n" +
			"record_id and what refers to it, session_id and target by hashes with a key that is drawn for the file\n" +
			"and kept nowhere; path by where the API commonly is; error types, finish reasons and response formats\n" +
			"that are not common ones by \"other\". Times after start_time, lengths and counts stay, and with them\n" +
			"every metric: whoever has the traffic itself may know a row again by them.\n\n" +
			"Example:\n\n   " + example,
		Flags: jobFlags(
			&cli.StringFlag{Name: "content", Value: schema.RecordedLengths, Usage: "what stays of prompts: their lengths, or a hash of every block, which shows whose beginnings are alike"},
			&cli.StringFlag{Name: "tenants", Value: Drop, Usage: "drop, rehash (equal ones stay equal) or keep"},
			&cli.StringFlag{Name: "models", Value: Keep, Usage: "drop, rehash or keep"},
			&cli.StringFlag{Name: "start", Value: "2000-01-01T00:00:00Z", Usage: "what the first start_time becomes, a `TIME`; keep leaves all of them"},
		),
		Action: func(c *cli.Context) error {
			a := &Anonymize{Content: c.String("content"), Tenants: c.String("tenants"), Models: c.String("models")}
			if err := a.bind(c, example); err != nil {
				return err
			}
			for _, err := range []error{
				choice(c, "content", schema.RecordedLengths, schema.RecordedHash),
				choice(c, "tenants", Drop, Rehash, Keep), choice(c, "models", Drop, Rehash, Keep),
			} {
				if err != nil {
					return err
				}
			}
			if text := c.String("start"); text != "keep" {
				var err error
				if a.Start, err = time.Parse(time.RFC3339Nano, text); err != nil || a.Start.UnixMicro() <= 0 {
					return term.Usagef("trace anonymize: --start %q is neither keep nor a time after 1970 such as 2000-01-01T00:00:00Z", text)
				}
			}
			return perform(c, &a.Job, a.Run)
		},
	}
}

// jobFlags are those of every verb, after its own.
func jobFlags(own ...cli.Flag) []cli.Flag {
	return append(own,
		&cli.StringFlag{Name: "out", Usage: "`FILE`.parquet to write"},
		&cli.BoolFlag{Name: "force", Usage: "replace --out when it is there"},
		&cli.BoolFlag{Name: "json", Usage: "print the summary as JSON"},
	)
}

// bind takes the flags of every verb.
func (j *Job) bind(c *cli.Context, example string) error {
	j.In, j.Out, j.Force = c.Args().Slice(), c.String("out"), c.Bool("force")
	switch {
	case len(j.In) == 0:
		return term.WithHint(term.Usagef("trace %s needs a file to read", c.Command.Name), "%s", example)
	case j.Out == "":
		return term.WithHint(term.Usagef("--out is missing"), "%s", example)
	case !strings.HasSuffix(j.Out, ".parquet"):
		return term.WithHint(term.Usagef("--out %q is not a name that ends in .parquet", j.Out), "%s", example)
	}
	return nil
}

// choice holds a flag to its words.
func choice(c *cli.Context, flag string, words ...string) error {
	value := c.String(flag)
	if slices.Contains(words, value) {
		return nil
	}
	return schema.DidYouMean(term.Usagef("trace %s: --%s %q is none of %s", c.Command.Name, flag, value, strings.Join(words, ", ")), value, words)
}

// perform runs a verb and prints what it did.
func perform(c *cli.Context, j *Job, run func(context.Context) (*Report, error)) error {
	progress := term.StartProgress(c.App.ErrWriter, j.Progress)
	r, err := run(c.Context)
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
	_, err = fmt.Fprintf(c.App.Writer, "next: metron inspect %s\n", j.Out)
	return err
}
