package profile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"metron/analyze"
	"metron/internal/term"
	"metron/replay"
	"metron/schema"
)

// own are the flags of the plan that this command makes itself, and those that have
// no meaning for one prompt at a time.
func own() []string {
	names := []string{"spread", "warm", "stop-on-errors", "stream", "timer", "max-in-flight", "overload", "aborts", "no-probe", "history"}
	for _, f := range slices.Concat(replay.PlanFlags(), term.SelectionFlags()) {
		names = append(names, f.Names()[0])
	}
	return names
}

// Command is `metron prefill`. newPrompter makes the source of prompts.
func Command(newPrompter func(replay.Prompts) (replay.Prompter, error)) *cli.Command {
	targetFlags := term.Without(replay.Flags(), own()...)
	return &cli.Command{
		Name:  "prefill",
		Usage: "measure how long a server takes to read a prompt of each length",
		Description: "Sends one prompt after the other to a server that has nothing else to do, several of each\n" +
			"length, and adds lengths where the curve through them is uncertain. No two prompts begin\n" +
			"alike, so that no cache helps; a first one of each length warms up and is not counted. Beside the\n" +
			"JSON of the model lie a run with every prompt, and the plot as PNG and SVG.\n\n" +
			"analyze --prefill-model takes the model: each request then has a deadline for its first token of its own.\n\n" +
			"Example, against a simulated server:\n\n" +
			"   metron sim --listen 127.0.0.1:8000 & sleep 1\n" +
			"   metron prefill --target http://127.0.0.1:8000 --max 8192 --out prefill.json\n" +
			"   metron prefill --from prefill.parquet --out again.json",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "out", Value: "prefill.json", Usage: "model `FILE`.json to write; the run and the plot beside it have its name"},
			&cli.BoolFlag{Name: "force", Usage: "replace them when they are there"},
			&cli.StringFlag{Name: "lengths", Usage: "measure these prompt lengths, `TOKENS,...`: 256,512,1k,32k", DefaultText: "16, 32, and so on to --max"},
			&cli.Int64Flag{Name: "max", Value: DefaultMax, Usage: "the longest prompt, `TOKENS`; the ladder ends earlier where the target refuses"},
			&cli.IntFlag{Name: "repeat", Value: DefaultRepeat, Usage: "measure each length `N` times: six have an interval around their median"},
			&cli.IntFlag{Name: "more", Value: DefaultMore, Usage: "add at most `N` lengths where the curve is uncertain"},
			&cli.Float64Flag{Name: "precision", Value: DefaultPrecision, Usage: "no more where the curve is certain within this `SHARE` of itself"},
			&cli.Int64Flag{Name: "max-tokens", Value: 1, Usage: "ask for `N` tokens: some servers send none where an answer may have only one"},
			&cli.IntFlag{Name: "concurrency", Usage: "then send `N` prompts of each length at once, to see what they cost each other; their run has a file of its own"},
			term.TextsFlag("from", "send nothing: fit the model to the run or trace in this `FILE|GLOB|DIR` (repeatable)"),
			&cli.BoolFlag{Name: "json", Usage: "print the model as JSON"},
		}, targetFlags),
		Action: func(c *cli.Context) error {
			if from := term.Texts(c, "from"); len(from) > 0 {
				return recorded(c, from, targetFlags)
			}
			return measured(c, newPrompter)
		},
	}
}

// recorded fits to what was recorded.
func recorded(c *cli.Context, from []string, targetFlags []cli.Flag) error {
	needless := []string{"lengths", "max", "repeat", "more", "precision", "max-tokens", "concurrency"}
	for _, f := range targetFlags {
		needless = append(needless, f.Names()[0])
	}
	for _, name := range needless {
		if c.IsSet(name) {
			return term.Usagef("--from sends nothing: --%s has no meaning", name)
		}
	}
	files, err := filesOf(c)
	if err != nil {
		return err
	}
	m, err := analyze.Prefill(c.Context, from, analyze.Config{})
	if err != nil {
		return err
	}
	return finish(c, m, files, from[0])
}

// measured asks a target.
func measured(c *cli.Context, newPrompter func(replay.Prompts) (replay.Prompter, error)) error {
	e, err := explorerOf(c)
	if err != nil {
		return err
	}
	files, err := filesOf(c)
	if err != nil {
		return err
	}
	seed := c.Uint64("prompt-seed")
	if !c.IsSet("prompt-seed") { // prompts of an earlier run stand in the server's cache
		seed = uint64(rand.Uint32())
	}
	target := &Target{MaxTokens: c.Int64("max-tokens"), Progress: c.App.ErrWriter}
	target.Runner = func(out string) (*replay.Runner, error) {
		r, err := replay.FromFlags(c)
		if err != nil {
			return nil, err
		}
		if len(r.Targets) > 1 {
			return nil, term.Usagef("prefill measures one target at a time: --target is given %d times", len(r.Targets))
		}
		r.Out = func(m schema.Meta) (*schema.Writer, error) {
			m.Config, _ = json.Marshal(r.Settings(c))
			return schema.Create(out, m)
		}
		return r, r.UsePrompts(seed, newPrompter)
	}
	if _, err := target.Runner(""); err != nil { // what is wrong with a flag is told before anything is made
		return err
	}
	if target.Dir, err = os.MkdirTemp(filepath.Dir(files.model), ".prefill-"); err != nil {
		return fmt.Errorf("--out %q: %w", files.model, err)
	}
	defer target.Close()
	e.Measure, e.Tell = target.Measure, func(line string) { target.Doing = line }
	begin := time.Now()
	m, err := e.Run(c.Context)
	if users := c.Int("concurrency"); err == nil && users > 0 {
		err = target.Together(c.Context, m, users, e.Repeat)
	}
	kept, keepErr := target.Keep(context.WithoutCancel(c.Context), files.run, files.together)
	if err = errors.Join(err, keepErr); err != nil {
		if kept {
			err = term.WithHint(err, "%s has what was measured: metron prefill --from %s", files.run, files.run)
		}
		return err
	}
	m.Source = fmt.Sprintf("%s isolated prompts to %s in %s", term.Count(int64(m.Points)), strings.Join(term.Texts(c, "target"), " "), term.Seconds(time.Since(begin).Seconds()))
	m.Notes = append(m.Notes, target.Doubt(m)...)
	return finish(c, m, files, files.run)
}

// explorerOf reads what is measured.
func explorerOf(c *cli.Context) (*Explorer, error) {
	e := &Explorer{Repeat: c.Int("repeat"), More: c.Int("more"), Precision: c.Float64("precision")}
	most := c.Int64("max")
	switch {
	case c.IsSet("lengths") && c.IsSet("max"):
		return nil, term.Usagef("--lengths and --max are two ways to say one thing: give one")
	case most < 4*shortest || most > maxLength:
		return nil, term.Usagef("--max %d is not from %d to %d", most, 4*shortest, maxLength)
	case e.Repeat < 3 || e.Repeat > 1000:
		return nil, term.Usagef("--repeat %d is not from 3 to 1,000: what fewer say has no interval", e.Repeat)
	case e.More < 0 || e.More > 100:
		return nil, term.Usagef("--more %d is not from 0 to 100", e.More)
	case !(e.Precision > 0 && e.Precision <= 1):
		return nil, term.Usagef("--precision %v is not a share above 0", e.Precision)
	case c.IsSet("concurrency") && (c.Int("concurrency") < 2 || c.Int("concurrency") > 10_000):
		return nil, term.Usagef("--concurrency %d is not from 2 to 10,000", c.Int("concurrency"))
	case c.Int64("max-tokens") < 1:
		return nil, term.Usagef("--max-tokens is 1 or more")
	}
	e.Lengths = Ladder(most)
	if text := c.String("lengths"); text != "" {
		var err error
		if e.Lengths, err = ParseLengths(text); err != nil {
			return nil, term.Usagef("--lengths: %w", err)
		}
	}
	return e, nil
}
