package recipe

import (
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

// DemoCommand is `metron demo`.
func DemoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "the whole job on simulated servers: capture, replay, analyze, compare",
		Description: "Starts a simulated server A, sends it traffic through capture, replays the captured\n" +
			"trace against a simulated server B, analyzes both and compares. Takes under a minute.\n\n" +
			"Example:\n\n   metron demo --out metron-demo",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "`DIR` for traces, runs and plots, new or empty (default: a new temporary one)"},
			&cli.DurationFlag{Name: "duration", Value: 12 * time.Second, Usage: "length of the traffic"},
			&cli.Float64Flag{Name: "rate", Value: 5, Usage: "mean requests per second"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "of the traffic and the servers"},
		},
		Action: func(c *cli.Context) error {
			d := Demo{Dir: c.String("out"), Duration: c.Duration("duration"), RatePerS: c.Float64("rate"), Seed: c.Uint64("seed"), A: "small-gpu", B: "large-gpu"}
			switch {
			case c.Args().Present():
				return term.Usagef("demo takes no arguments, got %q", c.Args().First())
			case d.Duration < time.Second || d.Duration > 10*time.Minute:
				return term.Usagef("--duration %v is not between 1s and 10m", d.Duration)
			case !(d.RatePerS > 0 && d.RatePerS <= 1000):
				return term.Usagef("--rate %v is not between 0 and 1000", d.RatePerS)
			}
			if d.Dir == "" {
				var err error
				if d.Dir, err = os.MkdirTemp("", "metron-demo-"); err != nil {
					return err
				}
			}
			return d.Run(c.Context, c.App.Writer, c.App.ErrWriter)
		},
	}
}
