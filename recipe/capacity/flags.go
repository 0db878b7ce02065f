package capacity

import (
	"flag"
	"io"
	"math"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"metron/analyze"
	"metron/internal/term"
	"metron/recipe/capacity/search"
	"metron/replay"
	"metron/workload/generate"
)

// flags are the command's own, and those of replay, analyze and generate that a search
// does not decide by itself.
func flags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "out", Usage: "`DIR` of the runs and of what they say; runs that are there already are not made again"},
		&cli.StringFlag{Name: "label", Usage: "`NAME` of the build: runs of another one are not asked", DefaultText: "the target's host"},
		&cli.StringFlag{Name: "workload", Usage: "`NAME` of the workload in tables and plots", DefaultText: "the trace's, or the arrivals'"},
		&cli.Float64Flag{Name: "from-rate", Value: search.DefaultFromRate, Usage: "begin at `N` requests a second"},
		&cli.Float64Flag{Name: "max-rate", Usage: "never send more than `N` requests a second", DefaultText: "no bound"},
		&cli.StringFlag{Name: "precision", Value: "2.5%", Usage: "end with an interval half of whose width is this `SHARE` of the capacity"},
		&cli.IntFlag{Name: "min-requests", Usage: "measure at least `N` requests in a run", DefaultText: "as many as the SLO's percentiles need"},
		&cli.DurationFlag{Name: "settle", Value: seconds(search.DefaultSettleS), Usage: "send for this long, or as long as answers take if that is longer, before the measured requests of a run, and after them"},
		&cli.IntFlag{Name: "max-runs", Value: search.DefaultMaxRuns, Usage: "make at most `N` new runs for an SLO"},
		&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "of the first run; each has another"},
		&cli.DurationFlag{Name: "cool-down", Value: time.Second, Usage: "let the target rest between runs, once it has answered all requests"},
		&cli.StringFlag{Name: "matrix", Usage: "search for targets x workloads x SLOs as this `FILE`.yaml says, and start and stop the targets"},
		&cli.BoolFlag{Name: "offline", Usage: "make no run: ask the RUNS that are given, of any replay"},
		&cli.BoolFlag{Name: "allow-invalid", Usage: "believe runs whose verdict is INVALID, too"},
		&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
	},
		term.Without(replay.Flags(), "limit", "sample", "sample-seed", "speed", "rate", "peak-rate", "loop", "loop-prompts", "shard", "users",
			"warmup", "cooldown", "prompt-seed", "max-in-flight", "overload", "grace"),
		term.Without(analyze.JudgeFlags(), "prefill"),
		term.Without(generate.Flags(), "requests", "duration", "start", "seed"))
}

// parse reads the flags of a cell of a matrix as if they stood on a command line.
func parse(args []string) (*cli.Context, error) {
	set := flag.NewFlagSet("capacity", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, f := range flags() {
		if err := f.Apply(set); err != nil {
			return nil, err
		}
	}
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	c := cli.NewContext(nil, set, nil)
	c.Command.Name = "capacity"
	return c, nil
}

// searchOf reads what is searched for, but for the SLO.
func searchOf(c *cli.Context) (s search.Config, err error) {
	precision, err := replay.ParseShare(c.String("precision"))
	if err != nil {
		return s, term.Usagef("--precision: %w", err)
	}
	s = search.Config{FromRate: c.Float64("from-rate"), MaxRate: c.Float64("max-rate"), Precision: float64(precision),
		Requests: c.Int("min-requests"), SettleS: c.Duration("settle").Seconds(), MaxRuns: c.Int("max-runs"), Seed: c.Uint64("seed")}
	rate := func(v float64) bool { return v > 0 && !math.IsInf(v, 0) }
	switch {
	case !rate(s.FromRate) || c.IsSet("max-rate") && !rate(s.MaxRate):
		return s, term.Usagef("--from-rate and --max-rate are above 0")
	case s.MaxRate > 0 && s.MaxRate < s.FromRate:
		return s, term.Usagef("--max-rate %v is below --from-rate %v", s.MaxRate, s.FromRate)
	case s.Requests < 0 || s.MaxRuns < 1:
		return s, term.Usagef("--min-requests must not be negative, and --max-runs is above 0")
	case s.SettleS <= 0 || c.Duration("cool-down") < 0:
		return s, term.Usagef("--settle is above 0, and --cool-down must not be negative")
	}
	return s, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
