package replay

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

// calibrateFlags are those of `metron replay --calibrate`.
func calibrateFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "calibrate", Usage: "send the plan to a built-in server that answers at once, also at 2 and 5 times its speed, and print what this machine can do; needs no target, writes no file"},
		&cli.DurationFlag{Name: "calibrate-for", Value: 30 * time.Second, Usage: "how much of its schedule is sent each time"},
	}
}

// checkCalibrate refuses flags that have no meaning in a calibration.
func (r *Runner) checkCalibrate(c *cli.Context) error {
	for _, flag := range []string{"target", "out", "force", "dry-run", "start-at", "api-key-env", "api-key-file", "aws-region", "aws-service", "timeout", "spread", "warm", "http2", "ca", "stop-on-errors"} {
		if c.IsSet(flag) {
			return term.Usagef("--calibrate and --%s exclude each other: the server is built in, and no run is kept", flag)
		}
	}
	switch {
	case c.Duration("calibrate-for") < time.Millisecond:
		return term.Usagef("--calibrate-for must be a millisecond or more")
	case !r.Plan.Mode.scheduled():
		return term.WithHint(term.Usagef("--calibrate needs a schedule: in --mode %s the answers make the pace", r.Plan.Mode), "--mode open or session")
	}
	if r.prompts.IDs == IDsAuto { // as they are sent where the target takes them
		r.prompts.IDs = IDsOnly
	}
	return r.readTokenizer(c)
}

// calibrate prints what this machine does with the plan.
func calibrate(c *cli.Context, r *Runner) error {
	progress := func() {}
	result, err := r.Calibrate(c.Context, c.Duration("calibrate-for"), func(run *Runner) {
		progress()
		progress = term.StartProgress(c.App.ErrWriter, run.Progress).Stop
	})
	progress()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		return e.Encode(result)
	}
	if _, err := result.table().WriteTo(c.App.Writer); err != nil {
		return err
	}
	var cut []string
	for _, run := range result.Runs {
		if run.Cut {
			cut = append(cut, fmt.Sprintf("x%d", run.Times))
		}
		for _, reason := range run.Verdict.Reasons {
			fmt.Fprintf(c.App.Writer, "x%d: %s\n", run.Times, reason)
		}
	}
	if len(cut) > 0 {
		fmt.Fprintf(c.App.Writer, "%s: only what is due in the first %v; --calibrate-for sends more\n", strings.Join(cut, ", "), c.Duration("calibrate-for"))
	}
	_, err = fmt.Fprintf(c.App.Writer, "client and null server, %d tokens an answer, in one process\n", result.AnswerTokens)
	return err
}
