package analyze

import (
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
	"metron/schema"
)

// QuestionFlags are the flags of every command that analyzes: what rows are held to, how
// they are counted, and which they are.
func QuestionFlags() []cli.Flag {
	return slices.Concat(JudgeFlags(), readerFlags(Config{}.fill()), []cli.Flag{
		&cli.StringFlag{Name: "trim", Usage: "leave out `HEAD[,TAIL]` of the run, each a time (30s) or a number of requests (100)"},
		&cli.BoolFlag{Name: "steady", Usage: "leave out what comes before and after the steady state, by MSER-5 over TTFT"},
	}, term.SelectionFlags())
}

// JudgeFlags are those of them that say what rows are held to, and how they are counted.
func JudgeFlags() []cli.Flag {
	defaults := Config{}.fill()
	return slices.Concat([]cli.Flag{
		&cli.DurationFlag{Name: "ttft-deadline", Value: defaults.TTFTDeadline, Usage: "how long the first token may take"},
		&cli.DurationFlag{Name: "tbt-deadline", Value: defaults.TBTDeadline, Usage: "how long each token after it may take"},
		&cli.StringFlag{Name: "target-miss-rate", Value: defaults.TargetMissRate.String(), Usage: "share of deadlines a request may miss, for its minimum TBT deadline"},
		&cli.StringFlag{Name: "fluidity", Value: string(defaults.Fluidity), Usage: "arithmetic of deadlines: exact, etalon or docs"},
		&cli.StringFlag{Name: "multi-token", Value: string(defaults.MultiToken), Usage: "tokens that share a chunk came in a burst, spread since the chunk before, or count as one chunk"},
		&cli.StringFlag{Name: "percentile", Value: string(defaults.Percentile), Usage: "nearest (a value that occurred) or linear (numpy's interpolation)"},
	}, sloFlags(defaults))
}

// Question binds QuestionFlags. It opens nothing.
func Question(c *cli.Context) (Config, error) {
	config, err := Judge(c)
	if err != nil {
		return Config{}, err
	}
	if err := bindReader(c, &config); err != nil {
		return Config{}, err
	}
	if text := c.String("trim"); text != "" {
		if c.Bool("steady") {
			return Config{}, term.Usagef("%s: --trim and --steady are two ways to say one thing: give one", c.Command.Name)
		}
		if config.Trim, err = ParseTrim(text); err != nil {
			return Config{}, term.Usagef("%s: --trim: %w", c.Command.Name, err)
		}
	}
	config.Trim.Steady = c.Bool("steady")
	if config.Selection, err = schema.ParseSelection(term.Selection(c)); err != nil {
		return Config{}, term.Usagef("%s: %w", c.Command.Name, err)
	}
	return config, nil
}

// AskLine is the flags with which `metron analyze` asks what c asks, of those given; without
// what the sliders of a page say instead: the deadlines, an SLO, and nearest ranks.
func AskLine(c *cli.Context, flags []cli.Flag) string {
	sliders := []string{"ttft-deadline", "prefill-slack", "tbt-deadline", "slo", "percentile"}
	var names []string
	for _, f := range flags {
		if name := f.Names()[0]; !slices.Contains(sliders, name) {
			names = append(names, name)
		}
	}
	return term.FlagLine(c, names)
}

// Judge binds JudgeFlags. It opens nothing but a prefill model.
func Judge(c *cli.Context) (Config, error) {
	config := Config{
		TTFTDeadline: c.Duration("ttft-deadline"),
		TBTDeadline:  c.Duration("tbt-deadline"),
		Fluidity:     Arithmetic(c.String("fluidity")),
		MultiToken:   Policy(c.String("multi-token")),
		Percentile:   Method(c.String("percentile")),
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"ttft-deadline", config.TTFTDeadline}, {"tbt-deadline", config.TBTDeadline}} {
		if d.value <= 0 { // which would be the default to Config
			return Config{}, term.Usagef("%s: --%s %v: must be longer than 0", c.Command.Name, d.flag, d.value)
		}
	}
	var err error
	if config.TargetMissRate, err = ParseFraction(c.String("target-miss-rate")); err != nil {
		return Config{}, term.Usagef("%s: --target-miss-rate: %w", c.Command.Name, err)
	}
	if err := bindSLOs(c, &config); err != nil {
		return Config{}, err
	}
	if err := config.Check(); err != nil {
		return Config{}, term.Usagef("%s: %w", c.Command.Name, err)
	}
	return config, nil
}
