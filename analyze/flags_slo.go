package analyze

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"metron/analyze/prefill"
	"metron/internal/term"
)

// sloList is the flag --slo, which may be given several times: an SLO has commas, at
// which cli's own lists would cut it.
type sloList struct{ slos []SLO }

func (l *sloList) Set(text string) error {
	s, err := ParseSLO(text)
	if err == nil {
		l.slos = append(l.slos, s)
	}
	return err
}

func (l *sloList) String() string { return strings.Join(l.Values(), " ") }

// Values are the SLOs as they were asked, one for each time the flag is given.
func (l *sloList) Values() []string {
	var names []string
	for _, s := range l.slos {
		names = append(names, s.Name)
	}
	return names
}

// sloFlags ask about objectives, and about prompts.
func sloFlags(defaults Config) []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: "slo", Value: &sloList{}, Usage: "judge every request by this `SLO`, such as 'ttft<=500ms,tbt[p99]<=50ms,fluidity>=0.9', or a profile: " +
			strings.Join(profileNames(), ", ") + "; may be given several times"},
		&cli.StringFlag{Name: "attainment", Value: defaults.Attainment.String(), Usage: "share of the requests that must be good for an SLO to hold"},
		&cli.StringFlag{Name: "prefill-model", Usage: "the first token is due --prefill-slack after the time that the model in `FILE` gives its prompt"},
		&cli.StringFlag{Name: "prefill", Usage: "the same with a model fitted to the files: estimate"},
		&cli.DurationFlag{Name: "prefill-slack", Value: defaults.PrefillSlack, Usage: "how long the first token may take beyond its prefill"},
	}
}

// readerFlags ask about readers.
func readerFlags(defaults Config) []cli.Flag {
	r := defaults.Reader
	return []cli.Flag{
		&cli.DurationFlag{Name: "qoe-ttft", Value: r.QoETTFT, Usage: "section qoe: when the reader expects the first token"},
		&cli.DurationFlag{Name: "qoe-pace", Value: r.QoEPace, Usage: "section qoe: how long a token takes to read"},
		&cli.DurationFlag{Name: "smooth-pace", Value: r.SmoothPace, Usage: "section smooth_goodput: how long a token takes to read"},
		&cli.Float64Flag{Name: "smooth-weight", Value: r.SmoothWeight, Usage: "section smooth_goodput: tokens that a second of waiting costs"},
	}
}

// bindSLOs reads them into a Config; of the files only the prefill model's, which is a
// part of the question.
func bindSLOs(c *cli.Context, config *Config) error {
	config.SLOs = c.Generic("slo").(*sloList).slos
	config.PrefillSlack = c.Duration("prefill-slack")
	if d := config.PrefillSlack; d <= 0 { // which would be the default to Config
		return term.Usagef("%s: --prefill-slack %v: must be longer than 0", c.Command.Name, d)
	}
	var err error
	if config.Attainment, err = ParseFraction(c.String("attainment")); err != nil {
		return term.Usagef("%s: --attainment: %w", c.Command.Name, err)
	}
	if c.IsSet("attainment") && len(config.SLOs) == 0 {
		return term.WithHint(term.Usagef("%s: --attainment says when an SLO holds, and there is none", c.Command.Name), "--slo 'ttft<=500ms,tbt[p99]<=50ms'")
	}
	return bindPrefill(c, config)
}

// bindReader reads what a reader expects.
func bindReader(c *cli.Context, config *Config) error {
	config.Reader = Reader{QoETTFT: c.Duration("qoe-ttft"), QoEPace: c.Duration("qoe-pace"),
		SmoothPace: c.Duration("smooth-pace"), SmoothWeight: c.Float64("smooth-weight")}
	for _, name := range []string{"qoe-ttft", "qoe-pace", "smooth-pace"} {
		if d := c.Duration(name); d <= 0 { // which would be the default to Config
			return term.Usagef("%s: --%s %v: must be longer than 0", c.Command.Name, name, d)
		}
	}
	if w := config.Reader.SmoothWeight; !(w > 0) {
		return term.Usagef("%s: --smooth-weight %v: must be above 0", c.Command.Name, w)
	}
	return nil
}

func bindPrefill(c *cli.Context, config *Config) error {
	path, how := c.String("prefill-model"), c.String("prefill")
	switch {
	case how != "" && how != "estimate":
		return term.WithHint(term.Usagef("%s: --prefill %q: must be estimate", c.Command.Name, how), "--prefill-model %s reads a model from a file", how)
	case how != "" && path != "":
		return term.Usagef("%s: --prefill and --prefill-model: want one of them", c.Command.Name)
	case how == "" && path == "":
		if c.IsSet("prefill-slack") {
			return term.Usagef("%s: --prefill-slack needs --prefill-model or --prefill estimate", c.Command.Name)
		}
		return nil
	case c.IsSet("ttft-deadline"):
		return term.WithHint(term.Usagef("%s: --ttft-deadline and a prefill model both say when the first token is due", c.Command.Name), "--prefill-slack is how long it may take beyond its prefill")
	case how != "":
		config.EstimatePrefill = true
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%s: --prefill-model: %w", c.Command.Name, err)
	}
	defer file.Close()
	if config.Prefill, err = prefill.Read(file); err != nil {
		return fmt.Errorf("%s: --prefill-model %q: %w", c.Command.Name, path, err)
	}
	return nil
}
