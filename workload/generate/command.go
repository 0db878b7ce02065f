package generate

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

const example = "metron generate --arrival poisson:rate=5 --lengths fixed:input=512,output=128 --requests 1000 --seed 1 --out trace.parquet"

// Command is `metron generate`.
func Command() *cli.Command {
	var d strings.Builder
	d.WriteString("Arrivals (--arrival); nothing that is drawn is cut:\n\n")
	for _, f := range processes() {
		fmt.Fprintf(&d, "   %s\n", f.usage)
	}
	d.WriteString("\nA curve is lines of seconds,rate. Distributions, for lengths, turns, and times such as 8s:\n\n")
	for _, f := range distributions() {
		fmt.Fprintf(&d, "   %s\n", f.usage)
	}
	d.WriteString("\n--lengths takes fixed:input=512,output=128, a file or a trace, whose prompts and answers stay together, or a\n" +
		"distribution of their sum, which --pd-ratio parts. The arrivals of a trace or of ServeGen bring theirs, unless\n" +
		"other ones are given. Lengths are at least one token. An --out that is there is replaced.\n\n" +
		"The same seed gives the same file, on every machine. Examples:\n\n" +
		"   " + example + "\n" +
		"   metron generate --arrival gamma:rate=2,cv=3 --input-lengths lognormal:median=200,sigma=1 --output-lengths 150 \\\n" +
		"      --turns geometric:mean=4 --think lognormal:median=10s,sigma=1 --duration 10m --out chats.parquet")
	return &cli.Command{
		Name:        "generate",
		Usage:       "make a trace out of distributions",
		Description: d.String(),
		Flags: append(Flags(),
			&cli.StringFlag{Name: "out", Usage: "trace `FILE`.parquet to write"},
			&cli.BoolFlag{Name: "json", Usage: "print the summary as JSON"}),
		Action: run,
	}
}

// Flags are those of every command that makes a trace out of distributions. One with
// an idea of its own of how many there are leaves out what says so (term.Without);
// FromFlags reads the others.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "arrival", Usage: "when requests arrive, a `PROCESS`; with --turns, when sessions do"},
		&cli.StringFlag{Name: "lengths", Usage: "how long prompt and answer are together, a `SPEC`"},
		&cli.StringFlag{Name: "input-lengths", Usage: "how long prompts are, a `DISTRIBUTION` by itself"},
		&cli.StringFlag{Name: "output-lengths", Usage: "how long answers are, likewise a `DISTRIBUTION`"},
		&cli.Float64Flag{Name: "pd-ratio", Usage: "tokens of the prompt for each of the answer: parts a sum, or makes one length of the other"},
		&cli.Float64Flag{Name: "scale-input", Usage: "`FACTOR` on the prompts' lengths, before any maximum"},
		&cli.Float64Flag{Name: "scale-output", Usage: "`FACTOR` on the answers' lengths"},
		&cli.Int64Flag{Name: "max-input", Usage: "most `TOKENS` of a drawn prompt"},
		&cli.Int64Flag{Name: "max-output", Usage: "most `TOKENS` of a drawn answer"},
		&cli.Int64Flag{Name: "max-total", Usage: "most `TOKENS` of both"},
		&cli.StringFlag{Name: "over-max", Value: OverClip, Usage: "what becomes of lengths over a maximum: clip (a total takes from both, in proportion) or redraw"},
		&cli.Int64Flag{Name: "requests", Usage: "make `N` rows"},
		&cli.DurationFlag{Name: "duration", Usage: "make rows that begin within `TIME`"},
		&cli.StringFlag{Name: "start", Value: DefaultStart().Format(time.RFC3339), Usage: "time zero, a `TIME`"},
		&cli.Uint64Flag{Name: "seed", Usage: "another `N`, other rows"},
		&cli.StringFlag{Name: "system-prompt", Usage: "shared beginnings, added to lengths: `count=4,tokens=1000`[,share=0.8][,theta=1]"},
		&cli.StringFlag{Name: "turns", Usage: "requests of a session, a `DISTRIBUTION`: a turn has all before it and the drawn length in its prompt"},
		&cli.StringFlag{Name: "think", Usage: "time between an answer and the next turn, a `DISTRIBUTION` of times"},
		&cli.DurationFlag{Name: "token-time", Usage: "how long a token of an answer is taken to last until the next turn (default: 25ms)"},
		&cli.Int64Flag{Name: "max-context", Usage: "a session ends before prompt and answer have more `TOKENS`"},
		&cli.Float64Flag{Name: "hit-share", Usage: "`SHARE` of the tokens that a prefix cache without a bound is to have: prompts begin as earlier ones did"},
		&cli.Int64Flag{Name: "block", Usage: "`TOKENS` of a block of block_hashes, which rows have where something is shared (default: 64)"},
		&cli.StringFlag{Name: "models", Usage: "`NAMES` and weights: large=3,small=1"},
		&cli.StringFlag{Name: "tenants", Usage: "`NAMES` and weights"},
		&cli.Float64Flag{Name: "abort-share", Usage: "`SHARE` of requests whose client leaves, which ends a session"},
		&cli.StringFlag{Name: "abort-after", Usage: "how long after its arrival, a `DISTRIBUTION` of times"},
	}
}

func run(c *cli.Context) error {
	g, err := bind(c)
	if err != nil {
		return err
	}
	progress := term.StartProgress(c.App.ErrWriter, g.Progress)
	r, err := g.Run(c.Context)
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
	_, err = fmt.Fprintf(c.App.Writer, "next: metron inspect --workload %s\n", g.Out)
	return err
}

func bind(c *cli.Context) (*Generator, error) {
	out := c.String("out")
	switch {
	case c.NArg() > 0:
		return nil, term.WithHint(term.Usagef("generate takes no arguments, got %q", c.Args().First()), "%s", example)
	case out == "":
		return nil, term.WithHint(term.Usagef("--out is missing"), "%s", example)
	case !strings.HasSuffix(out, ".parquet"):
		return nil, term.WithHint(term.Usagef("--out %q is not a name that ends in .parquet", out), "%s", example)
	}
	g, err := FromFlags(c)
	if err == nil {
		g.Out = out
	}
	return g, err
}

// FromFlags makes a Generator of Flags; Out is the caller's to set.
func FromFlags(c *cli.Context) (*Generator, error) {
	g := &Generator{
		Arrival: c.String("arrival"), Requests: c.Int64("requests"), Duration: c.Duration("duration"), Seed: c.Uint64("seed"),
		Lengths: Lengths{Pair: c.String("lengths"), Input: c.String("input-lengths"), Output: c.String("output-lengths"), Ratio: c.Float64("pd-ratio"),
			ScaleInput: c.Float64("scale-input"), ScaleOutput: c.Float64("scale-output"),
			MaxInput: c.Int64("max-input"), MaxOutput: c.Int64("max-output"), MaxTotal: c.Int64("max-total"), OverMax: c.String("over-max")},
		Structure: Structure{SystemPrompt: c.String("system-prompt"), Turns: c.String("turns"), Think: c.String("think"), TokenTime: c.Duration("token-time"),
			MaxContext: c.Int64("max-context"), HitShare: c.Float64("hit-share"), Block: c.Int64("block")},
		Models: c.String("models"), Tenants: c.String("tenants"), AbortShare: c.Float64("abort-share"), AbortAfter: c.String("abort-after"),
	}
	if c.IsSet("requests") && g.Requests < 1 || c.IsSet("duration") && g.Duration < 1 {
		return nil, term.Usagef("--requests and --duration are above 0")
	}
	if text := c.String("start"); text != "" || c.IsSet("start") {
		start, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || start.UnixMicro() <= 0 {
			return nil, term.Usagef("--start %q is not a time after 1970 such as 2026-01-02T09:00:00Z", text)
		}
		g.Start = start
	}
	return g, nil
}
