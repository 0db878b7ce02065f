package compare

import (
	"context"
	"fmt"
	"slices"

	"metron/analyze"
	"metron/analyze/stat"
)

// SchemaVersion is the version of the JSON that WriteJSON prints. Keys may be added to
// it; none is renamed or removed.
const SchemaVersion = 1

// Pairing says which requests are compared with which.
type Pairing string

const (
	Auto     Pairing = "auto"   // with themselves where both runs replayed one trace; the default
	BySource Pairing = "source" // with themselves, else it is an error
	None     Pairing = "none"   // the runs as two populations
)

// Pairings lists every pairing, the default first.
func Pairings() []Pairing { return []Pairing{Auto, BySource, None} }

// Config is what a comparison is asked. The zero value asks the defaults.
type Config struct {
	Analyze analyze.Config // deadlines, policies and which rows, of every run
	Pairing Pairing        // "": auto
	Gates   []Gate         // what must hold of each run against the first
	Worst   int            // how many of the requests that got worse to list; 0: none
	Draw    bool           // for Comparison.WriteFigures
}

// Comparison is the answer. A nil number is undefined.
type Comparison struct {
	SchemaVersion int          `json:"schema_version"`
	Base          RunInfo      `json:"base"`
	Against       []Against    `json:"against"`
	Tests         int          `json:"tests"` // that p_adjusted is adjusted for
	Gates         []GateResult `json:"gates"`
	Confidence    float64      `json:"confidence"`
}

// RunInfo names a run and says what may be wrong with it.
type RunInfo struct {
	Name     string            `json:"name"`
	Requests analyze.Requests  `json:"requests"`
	Verdicts []string          `json:"verdicts"` // of its files that are replays
	Warnings []analyze.Warning `json:"warnings"`
}

// Against is one run compared with the base.
type Against struct {
	RunInfo
	Paired  bool      `json:"paired"`
	Pairs   int       `json:"pairs"`     // requests that both runs answered
	OnlyA   int       `json:"only_base"` // answered requests of the base without a pair; of Paired
	OnlyB   int       `json:"only_run"`
	Metrics []Metric  `json:"metrics"`
	Rates   []Rate    `json:"rates"`
	Worst   []Changed `json:"worst"` // the requests whose E2E latency grew most; of Paired

	figures []figure
}

// Metric is one metric of two runs.
type Metric struct {
	Name   string  `json:"name"`
	Label  string  `json:"-"`
	Unit   string  `json:"unit"`
	More   bool    `json:"more_is_better"`
	CountA int64   `json:"count_base"`
	CountB int64   `json:"count_run"`
	Deltas []Delta `json:"deltas"`
	Each   *Each   `json:"each"` // nil where not Paired

	Test      string   `json:"test"`        // wilcoxon (Paired) or mann-whitney; "": none
	P         *float64 `json:"p"`           // of that test
	PAdjusted *float64 `json:"p_adjusted"`  // by Holm, over all tests of the comparison
	Larger    *float64 `json:"larger"`      // probability that a request of the run has the larger value (A12; of Paired: than itself)
	KSDist    *float64 `json:"ks_distance"` // Smirnov's; nil where Paired
	KSP       *float64 `json:"ks_p"`
}

// Delta is one number of a metric in both runs.
type Delta struct {
	Stat     string        `json:"stat"` // mean, p50, ..., p99.9
	A        *float64      `json:"base"`
	B        *float64      `json:"run"`
	Delta    *float64      `json:"delta"`
	Share    *float64      `json:"delta_share"` // of A
	Interval stat.Interval `json:"ci95"`        // of Delta
	Method   string        `json:"ci_method"`   // bootstrap or mover; "": there is none
	Verdict  Verdict       `json:"verdict"`
}

// Each is the change of a request against itself: the median of them all, as a share of
// its value in the base. It sees a change of a few percent in traffic whose requests differ
// by orders of magnitude, where no percentile of the whole does.
type Each struct {
	Share    float64       `json:"share"`
	Interval stat.Interval `json:"ci95"`
	Verdict  Verdict       `json:"verdict"`
}

// Verdict is what a delta shows.
type Verdict string

const (
	Better  Verdict = "better"
	Worse   Verdict = "worse"
	Unknown Verdict = "not shown" // the interval holds 0, or chance explains the difference
)

// Rate is one number of two whole runs.
type Rate struct {
	Name     string        `json:"name"`
	Label    string        `json:"-"`
	Unit     string        `json:"unit"`
	More     bool          `json:"more_is_better"`
	A        *float64      `json:"base"`
	B        *float64      `json:"run"`
	Delta    *float64      `json:"delta"`
	Share    *float64      `json:"delta_share"`
	Interval stat.Interval `json:"ci95"` // of Delta, where it is a share of requests
	Verdict  Verdict       `json:"verdict"`
}

// Changed is a request of both runs.
type Changed struct {
	A     string   `json:"base_record_id"`
	B     string   `json:"record_id"`
	E2EA  *float64 `json:"e2e_base_s"`
	E2EB  *float64 `json:"e2e_s"`
	TTFTA *float64 `json:"ttft_base_s"`
	TTFTB *float64 `json:"ttft_s"`
}

// Compare compares each of the runs with base. Names are as of schema.OpenArchive.
func Compare(ctx context.Context, base string, runs []string, c Config) (*Comparison, error) {
	a, err := read(ctx, base, c.Analyze)
	if err != nil {
		return nil, err
	}
	out := &Comparison{SchemaVersion: SchemaVersion, Base: a.info(), Gates: []GateResult{}, Confidence: stat.Confidence}
	if c.Analyze.EstimatePrefill { // the runs are held to the base's deadlines, not to what each of them made of its own
		c.Analyze.Prefill, c.Analyze.EstimatePrefill = a.result.Prefill, false
	}
	var drawn []*run
	for _, name := range runs {
		b, err := read(ctx, name, c.Analyze)
		if err != nil {
			return nil, err
		}
		one, err := c.against(a, b)
		if err != nil {
			return nil, err
		}
		out.Against = append(out.Against, *one)
		if c.Draw {
			drawn = append(drawn, b)
		}
	}
	out.judge()
	for i := range out.Against {
		if c.Draw {
			out.Against[i].figures = figures(a, drawn[i], &out.Against[i])
		}
		for _, g := range c.Gates {
			out.Gates = append(out.Gates, g.apply(&out.Against[i]))
		}
	}
	return out, nil
}

func (r *run) info() RunInfo {
	i := RunInfo{Name: r.name, Requests: r.result.Requests, Verdicts: []string{}, Warnings: r.result.Warnings}
	for _, f := range r.result.Files {
		if f.Verdict != nil {
			i.Verdicts = append(i.Verdicts, f.Verdict.Status)
		}
	}
	return i
}

func (c *Config) against(a, b *run) (*Against, error) {
	out := &Against{RunInfo: b.info(), Metrics: []Metric{}, Worst: []Changed{}}
	var matched []pair
	if c.Pairing != None {
		matched = pairs(a.requests, b.requests)
		out.Paired = arePaired(len(matched), len(a.requests), len(b.requests))
	}
	if c.Pairing == BySource && !out.Paired {
		return nil, fmt.Errorf("compare %q with %q: %d of their %d and %d answered requests replay the same row: too few to pair them",
			a.name, b.name, len(matched), len(a.requests), len(b.requests))
	}
	if out.Paired {
		out.Pairs, out.OnlyA, out.OnlyB = len(matched), len(a.requests)-len(matched), len(b.requests)-len(matched)
		out.Worst = worst(a, b, matched, c.Worst)
	}
	for i, m := range metrics() {
		out.Metrics = append(out.Metrics, newMetric(&m, i, a, b, matched, out.Paired))
	}
	for _, r := range rates() {
		out.Rates = append(out.Rates, newRate(&r, a.result, b.result))
	}
	return out, nil
}

// Failed are the gates that did not hold.
func (c *Comparison) Failed() []GateResult {
	return slices.DeleteFunc(slices.Clone(c.Gates), func(g GateResult) bool { return g.Passed })
}
