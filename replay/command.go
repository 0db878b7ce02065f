package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// Command is `metron replay`. newPrompter makes the source of bodies for rows
// without content.
func Command(newPrompter func(Prompts) (Prompter, error)) *cli.Command {
	return &cli.Command{
		Name:      "replay",
		Usage:     "send a trace to a server with its own timing and record the run",
		ArgsUsage: "TRACE.parquet|GLOB|DIR...",
		Description: "Every request leaves at its own time on an absolute schedule and waits for no other.\n" +
			"The run file holds one row a request with the time of every chunk.\n\n" +
			"Example, against a simulated server:\n\n" +
			"   metron sim --listen 127.0.0.1:8000 & sleep 1\n" +
			"   metron replay conv.parquet --target http://127.0.0.1:8000 --to 60s --speed 2 --out run.parquet",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "run `FILE`.parquet to write"},
			&cli.BoolFlag{Name: "force", Usage: "replace --out when it is there"},
		}, Flags(), calibrateFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Usage: "print what would be sent, when, and for how long; needs no target, sends nothing"},
			&cli.StringFlag{Name: "start-at", Usage: "wall `TIME` of the schedule's beginning, such as 2026-11-24T10:00:00Z: of several machines the same", DefaultText: "as soon as it is ready"},
			&cli.BoolFlag{Name: "allow-invalid", Usage: "exit 0 even when the verdict is INVALID"},
			&cli.BoolFlag{Name: "json", Usage: "print the summary as JSON"},
		}),
		Action: func(c *cli.Context) error {
			r, err := configure(c)
			if err != nil {
				return err
			}
			// Prompts of an earlier run stand in the server's prefix cache: by
			// default every run has its own.
			if !c.IsSet("prompt-seed") {
				r.prompts.Seed = uint64(rand.Uint32())
			}
			if r.Prompt, err = newPrompter(r.prompts); err != nil {
				return err
			}
			return run(c, r)
		},
	}
}

func run(c *cli.Context, r *Runner) error {
	trace, err := schema.OpenArchive(c.Args().Slice()...)
	if err != nil {
		return err
	}
	defer trace.Close()
	r.Plan.Trace = trace
	if c.Bool("dry-run") {
		return dryRun(c, r)
	}
	if c.Bool("calibrate") {
		return calibrate(c, r)
	}
	out := c.String("out")
	if _, err := os.Stat(out); err == nil && !c.Bool("force") {
		return term.WithHint(fmt.Errorf("--out %q is there already, and recordings are not overwritten", out), "choose another name, or --force to replace it")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--out %q: %w", out, err)
	}
	if _, err := os.Stat(filepath.Dir(out)); err != nil {
		return fmt.Errorf("--out %q: %w", out, err)
	}
	r.Out = func(m schema.Meta) (*schema.Writer, error) {
		config := r.Settings(c)
		config["trace"] = c.Args().Slice()
		m.Config, _ = json.Marshal(config)
		return schema.Create(out, m)
	}
	progress := term.StartProgress(c.App.ErrWriter, r.Progress)
	s, err := r.Run(c.Context)
	progress.Stop()
	if s == nil {
		return err
	}
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		err = errors.Join(err, e.Encode(s))
	} else {
		err = errors.Join(err, s.WriteText(c.App.Writer))
	}
	if err != nil {
		return err
	}
	if !c.Bool("json") {
		fmt.Fprintf(c.App.Writer, "run written to %s; next: metron analyze %s\n", out, out)
	}
	return Status(s, c.Bool("allow-invalid"))
}

// configure checks every flag before anything is opened.
func configure(c *cli.Context) (*Runner, error) {
	if c.NArg() == 0 {
		return nil, term.WithHint(term.Usagef("replay needs a trace"), "metron replay trace.parquet --target URL --out run.parquet")
	}
	r, err := fromPlan(c)
	if err != nil || c.Bool("dry-run") && !c.Bool("calibrate") {
		return r, err
	}
	switch {
	case c.Bool("calibrate"):
		return r, r.checkCalibrate(c)
	case c.IsSet("calibrate-for"):
		return nil, term.Usagef("--calibrate-for is of --calibrate")
	case len(term.Texts(c, "target")) > 0 && !strings.HasSuffix(c.String("out"), ".parquet"):
		return nil, term.WithHint(term.Usagef("--out %q is not a name that ends in .parquet", c.String("out")), "--out run.parquet")
	}
	return r, r.askTarget(c)
}

func apiKey(variable, file string) (string, error) {
	switch {
	case variable != "" && file != "":
		return "", term.Usagef("--api-key-env and --api-key-file exclude each other")
	case variable != "":
		if key := os.Getenv(variable); key != "" {
			return key, nil
		}
		return "", term.Usagef("--api-key-env %s: the variable is empty or not set", variable)
	case file != "":
		data, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("--api-key-file: %w", err)
		}
		if key := strings.TrimSpace(string(data)); key != "" {
			return key, nil
		}
		return "", fmt.Errorf("--api-key-file %q holds no key", file)
	}
	return "", nil
}

// Status is the error, and with it the exit status, that a summary stands for.
func Status(s *Summary, allowInvalid bool) error {
	switch {
	case s.StoppedOnErrors > 0:
		return term.WithHint(fmt.Errorf("stopped after %d failures in a row: %d of %d requests were sent; the run file holds them all", s.StoppedOnErrors, s.Sent, s.Planned),
			"`metron inspect` shows the outcomes")
	case s.Interrupted:
		return fmt.Errorf("interrupted: %d of %d requests were sent; the run file holds them all", s.Sent, s.Planned)
	case s.Outcomes[schema.OutcomeOK] == 0:
		return term.WithHint(errors.New("no request succeeded; the run file says why, row by row"), "`metron inspect` shows the outcomes")
	case s.Verdict.Status == schema.VerdictInvalid && !allowInvalid:
		return term.WithStatus(term.WithHint(errors.New("the run is INVALID: its numbers do not describe the target"),
			"use a machine with more head-room or a lower --speed; --allow-invalid exits 0"), term.ExitInvalid)
	}
	return nil
}
