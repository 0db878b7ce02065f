package recipe

import (
	"math/rand/v2"
	"slices"

	"github.com/urfave/cli/v2"

	"metron/analyze"
	"metron/internal/term"
	"metron/replay"
	"metron/workload/generate"
)

// What a load is, where nothing says otherwise.
const (
	benchRate     = "4" // requests a second
	benchRequests = 200
	benchInput    = "512"
	benchOutput   = "128"
)

// loadNames are the flags of generate that a quick load needs. What else it can do is a trace
// of its own.
func loadNames() []string {
	return []string{"arrival", "lengths", "input-lengths", "output-lengths", "requests", "duration", "seed"}
}

// sendNames are those of replay that say whom is asked, what, and how hard.
func sendNames() []string {
	return []string{"target", "warm", "api-key-env", "api-key-file", "ca", "api", "model", "header", "body", "extensions", "tokenizer", "prompts", "prompt-seed",
		"speed", "limit", "mode", "users", "max-in-flight", "overload", "aborts", "warmup", "stop-on-errors", "timeout", "grace"}
}

// BenchCommand is `metron bench`.
func BenchCommand() *cli.Command {
	return &cli.Command{
		Name:      "bench",
		Usage:     "one command from a load to its answers: generate, replay, analyze, report",
		ArgsUsage: "[TRACE.parquet|GLOB|DIR...]",
		Description: "Makes a load, or takes the TRACE, sends it to the target with its own timing, and analyzes the\n" +
			"run. The folder --out then holds trace.parquet, run.parquet, result.json, the plots and\n" +
			"report.html; every further question is for `metron analyze`, and needs no other run. After Ctrl-C what\n" +
			"was sent is analyzed. Without a TRACE 200 requests arrive as a Poisson process, 4 a second, with\n" +
			"prompts of 512 tokens and answers of 128. The flags are those of generate, replay and analyze.\n\n" +
			"Examples, against a simulated server:\n\n" +
			"   metron sim --listen 127.0.0.1:8000 & sleep 1\n" +
			"   metron bench --target http://127.0.0.1:8000 --rate 10 --requests 100 --out bench\n" +
			"   metron bench conv.parquet --target http://127.0.0.1:8000 --rate 10 --limit 100 --slo 'ttft<=500ms' --out bench-conv",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "out", Value: "bench", Usage: "`DIR` for all that it makes, new or empty"},
			&cli.StringFlag{Name: "rate", Usage: "`N` requests a second on average", DefaultText: benchRate + ", or the trace's own"},
		}, term.Only(generate.Flags(), loadNames()...), term.Only(replay.Flags(), sendNames()...), analyze.JudgeFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "allow-invalid", Usage: "exit 0 even when the verdict is INVALID"},
		}),
		Action: func(c *cli.Context) error {
			b, err := benchOf(c)
			if err != nil {
				return err
			}
			s, err := b.Run(c.Context, c.App.Writer, c.App.ErrWriter)
			if s == nil || err != nil {
				return err
			}
			return replay.Status(s, c.Bool("allow-invalid"))
		},
	}
}

// benchOf binds the flags. It makes nothing.
func benchOf(c *cli.Context) (*Bench, error) {
	b := &Bench{Dir: c.String("out"), Trace: c.Args().Slice(), Command: term.CommandLine(c), Ask: analyze.AskLine(c, analyze.JudgeFlags())}
	var err error
	if b.Runner, err = replay.FromFlags(c); err != nil {
		return nil, err
	}
	b.Settings = func() map[string]any { return b.Runner.Settings(c) }
	seed := c.Uint64("prompt-seed")
	if !c.IsSet("prompt-seed") { // prompts of an earlier run stand in the server's cache
		seed = uint64(rand.Uint32())
	}
	if err := b.Runner.UsePrompts(seed, Prompter); err != nil {
		return nil, err
	}
	if b.Question, err = analyze.Judge(c); err != nil {
		return nil, err
	}
	if c.Args().Present() {
		for _, name := range loadNames() {
			if c.IsSet(name) {
				return nil, term.WithHint(term.Usagef("--%s makes a load, and %s is one", name, c.Args().First()), "leave one of them out; --rate, --speed and --limit change a trace's")
			}
		}
		return b, nil
	}
	b.Runner.Plan.Rate = replay.Rate{} // the load has it already
	b.Generator, err = loadOf(c)
	return b, err
}

// loadOf fills in what was not asked.
func loadOf(c *cli.Context) (*generate.Generator, error) {
	if c.IsSet("rate") && c.IsSet("arrival") {
		return nil, term.Usagef("--arrival says when requests arrive, and --rate, too: give one")
	}
	g, err := generate.FromFlags(c)
	if err != nil {
		return nil, err
	}
	if g.Arrival == "" {
		rate := benchRate
		if c.IsSet("rate") {
			rate = c.String("rate")
		}
		g.Arrival = "poisson:rate=" + rate
	}
	if g.Requests == 0 && g.Duration == 0 {
		g.Requests = benchRequests
	}
	if g.Pair == "" && g.Ratio == 0 {
		if g.Input == "" {
			g.Input = benchInput
		}
		if g.Output == "" {
			g.Output = benchOutput
		}
	}
	return g, nil
}
