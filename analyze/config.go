package analyze

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"metron/analyze/prefill"
	"metron/internal/term"
	"metron/schema"
)

// Policy says when the tokens of a chunk came that carries several.
type Policy string

const (
	Burst  Policy = "burst"  // all at once: the gap, then zeros; the default
	Spread Policy = "spread" // evenly since the chunk before
	Chunk  Policy = "chunk"  // not asked: one sample a chunk
)

// Policies lists every policy, the default first.
func Policies() []Policy { return []Policy{Burst, Spread, Chunk} }

// Config is what an analysis is asked. The zero value asks the defaults.
type Config struct {
	TTFTDeadline   time.Duration // 0: 100 ms
	TBTDeadline    time.Duration // 0: 50 ms
	TargetMissRate Fraction      // for the minimum TBT deadline of a request; Den 0: 0.1
	Fluidity       Arithmetic    // "": exact
	MultiToken     Policy        // "": burst
	Percentile     Method        // "": nearest

	// Trim is what to leave out at the ends of the run.
	Trim Trim

	// Prefill, if not nil, makes the first token due PrefillSlack after the model's time
	// of its prompt; TTFTDeadline is then not read. EstimatePrefill fits the model to
	// the files themselves, which takes one more pass over them.
	Prefill         *prefill.Model
	EstimatePrefill bool
	PrefillSlack    time.Duration // 0: 300 ms

	// SLOs are judged one by one.
	SLOs       []SLO
	Attainment Fraction // share of the requests that must be good, where an SLO does not say; Den 0: 0.9

	Reader Reader // of quality of experience and smooth goodput

	// Selection is which rows are asked about; the zero value: all.
	Selection schema.Selection

	// Dialects names tools whose numbers of the same requests are asked for (Dialects);
	// Explain asks why they differ, of all tools where none is named.
	Dialects []string
	Explain  bool

	// Sections names parts of the result beyond the base metrics (SectionNames); nil:
	// those that cost nothing.
	Sections []string

	// By names what to group rows by (DimensionNames), several for each combination of
	// their values: every number for each group as well.
	By []string

	// Plots asks for what only plots show: the acceptance curve and the timelines
	// of chosen requests, which takes a second pass over the files.
	Plots bool

	// Drawing is the figures that Draw is to make of the result.
	Drawing Drawing

	// PerRequest, if not nil, is called for every row in file order.
	PerRequest func(*RequestRow) error

	kept *kept // that Trim keeps; nil until it is known, and where nothing is trimmed
}

// fill replaces zero values by the defaults.
func (c Config) fill() Config {
	if c.TTFTDeadline == 0 {
		c.TTFTDeadline = 100 * time.Millisecond
	}
	if c.TBTDeadline == 0 {
		c.TBTDeadline = 50 * time.Millisecond
	}
	if c.PrefillSlack == 0 {
		c.PrefillSlack = 300 * time.Millisecond
	}
	if c.Attainment.Den == 0 {
		c.Attainment = Fraction{9, 10}
	}
	c.Reader = c.Reader.fill()
	if c.TargetMissRate.Den == 0 {
		c.TargetMissRate = Fraction{1, 10}
	}
	if c.Fluidity == "" {
		c.Fluidity = ArithmeticExact
	}
	if c.MultiToken == "" {
		c.MultiToken = Burst
	}
	if c.Percentile == "" {
		c.Percentile = Nearest
	}
	for _, k := range c.Drawing.kinds() {
		if k.ask != nil {
			k.ask(&c)
		}
	}
	return c
}

// Check says what cannot be asked, naming the setting.
func (c Config) Check() error {
	c = c.fill()
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"TTFT deadline", c.TTFTDeadline}, {"TBT deadline", c.TBTDeadline}, {"prefill slack", c.PrefillSlack},
		{"QoE TTFT", c.Reader.QoETTFT}, {"QoE pace", c.Reader.QoEPace}, {"smooth pace", c.Reader.SmoothPace}} {
		if d.value < time.Microsecond || d.value%time.Microsecond != 0 {
			return fmt.Errorf("%s %v: must be a whole number of microseconds, at least 1", d.name, d.value)
		}
	}
	if c.TargetMissRate.Num < 0 || c.TargetMissRate.Num > c.TargetMissRate.Den {
		return fmt.Errorf("target miss rate %d/%d: must lie between 0 and 1", c.TargetMissRate.Num, c.TargetMissRate.Den)
	}
	if err := oneOf("fluidity arithmetic", c.Fluidity, Arithmetics()); err != nil {
		return err
	}
	if err := oneOf("multi-token policy", c.MultiToken, Policies()); err != nil {
		return err
	}
	if err := oneOf("percentile method", c.Percentile, Methods()); err != nil {
		return err
	}
	for _, name := range c.Dialects {
		if !slices.Contains(Dialects(), name) {
			return schema.DidYouMean(fmt.Errorf("dialect %q: must be one of %s", name, strings.Join(Dialects(), ", ")), name, Dialects())
		}
	}
	if w := c.Reader.SmoothWeight; !(w > 0) {
		return fmt.Errorf("smooth weight %v: must be above 0", w)
	}
	if err := c.checkSLOs(); err != nil {
		return err
	}
	if _, err := dimensionsOf(c.By); err != nil {
		return err
	}
	if err := c.Drawing.check(); err != nil {
		return err
	}
	return checkSections(c.Sections)
}

func (c Config) checkSLOs() error {
	if c.Prefill != nil && c.EstimatePrefill {
		return fmt.Errorf("a prefill model is given and to be estimated, too: want one of them")
	}
	for i := range c.SLOs {
		if s := &c.SLOs[i]; s.TTFTDeadline.Prefill && c.Prefill == nil && !c.EstimatePrefill {
			return term.WithHint(fmt.Errorf("SLO %q: its deadlines depend on the prompt, and there is no prefill model", s.Name),
				"--prefill-model FILE reads one, --prefill estimate fits one to the trace; ttft_deadline=500ms in the SLO needs none")
		}
	}
	return nil
}

func oneOf[T ~string](what string, v T, all []T) error {
	if slices.Contains(all, v) {
		return nil
	}
	return fmt.Errorf("%s %q: must be one of %v", what, v, all)
}

// columns are those that the analysis reads.
func (c *Config) columns() []string {
	names := columnNames()
	for _, k := range sections(c) {
		names = append(names, k.columns...)
	}
	for _, k := range c.Drawing.kinds() {
		names = append(names, k.columns...)
	}
	dims, _ := dimensionsOf(c.By) // Check has seen them
	for _, d := range dims {
		if d.column != "" {
			names = append(names, d.column)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
