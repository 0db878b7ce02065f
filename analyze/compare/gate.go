package compare

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"metron/schema"
)

// Gate is a change that must not be: "ttft.p99>+5%" fails a run whose p99 of TTFT lies
// more than 5 % above that of the base.
type Gate struct {
	Metric   string  // of metrics, or of rates
	Stat     string  // mean, p50, ...; "" of rates
	Above    bool    // fails above Bound; else below
	Bound    float64 // a share of the base's value where Relative, else in the metric's unit
	Relative bool

	text string
}

// GateResult is what became of a gate.
type GateResult struct {
	Gate   string   `json:"gate"`
	Run    string   `json:"run"`
	Change *float64 `json:"change"` // in the unit of the bound; null where Reason says why
	Passed bool     `json:"passed"`
	Shown  *bool    `json:"shown"`  // chance does not explain the change; null where it has no interval
	Reason string   `json:"reason"` // why there is no change to print: a number is missing, which fails, or it is a share of 0
}

// String is the gate as it was written.
func (g Gate) String() string { return g.text }

// ParseGates reads a comma list of gates: METRIC.STAT (mean, p50 to p99.9, or each) or RATE, then > or <, then a change
// with its sign, as a share of the base's value (5%) or in the metric's unit (20ms, 0.01).
func ParseGates(text string) ([]Gate, error) {
	var out []Gate
	for part := range strings.SplitSeq(text, ",") {
		g, err := parseGate(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

func parseGate(text string) (Gate, error) {
	form := regexp.MustCompile(`^([a-z0-9_]+)(?:\.(mean|each|p[0-9.]+))?\s*([<>])\s*([+-]?[0-9]*\.?[0-9]+)\s*(%|us|µs|ms|s)?$`)
	parts := form.FindStringSubmatch(text)
	if parts == nil {
		return Gate{}, fmt.Errorf("gate %q: want METRIC.STAT>+N%%, such as ttft.p99>+5%%, or RATE<-N%%, such as request_throughput<-2%%", text)
	}
	g := Gate{Metric: parts[1], Stat: parts[2], Above: parts[3] == ">", Relative: parts[5] == "%", text: text}
	unit, err := g.check()
	if err != nil {
		return Gate{}, fmt.Errorf("gate %q: %w", text, err)
	}
	if g.Bound, err = strconv.ParseFloat(parts[4], 64); err != nil {
		return Gate{}, fmt.Errorf("gate %q: %w", text, err)
	}
	scale, isTime := map[string]float64{"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1}[parts[5]]
	switch {
	case g.Relative:
		g.Bound /= 100
	case isTime && unit != "s":
		return Gate{}, fmt.Errorf("gate %q: %s is not a time", text, g.Metric)
	case !isTime && unit == "s":
		return Gate{}, fmt.Errorf("gate %q: the change of a time needs a unit: %%, us, ms or s", text)
	case isTime:
		g.Bound *= scale
	}
	return g, nil
}

// check finds the metric or rate and returns its unit.
func (g *Gate) check() (unit string, err error) {
	var names []string
	for _, m := range metrics() {
		if names = append(names, m.name); m.name != g.Metric {
			continue
		}
		if g.Stat == statEach {
			if m.value == nil || !g.Relative {
				return "", fmt.Errorf("%s.each is the median change of a request against itself: %s", m.name, eachHint(m.value == nil))
			}
			return m.unit, nil
		}
		stats := []string{statEach}
		for _, s := range statistics() {
			stats = append(stats, s.name)
		}
		if !slices.Contains(stats, g.Stat) {
			return "", fmt.Errorf("%s needs one of .%s behind it", m.name, strings.Join(stats, ", ."))
		}
		return m.unit, nil
	}
	for _, r := range rates() {
		if names = append(names, r.name); r.name != g.Metric {
			continue
		}
		if g.Stat != "" {
			return "", fmt.Errorf("%s is one number of a run: it has no %s", r.name, g.Stat)
		}
		return r.unit, nil
	}
	return "", schema.DidYouMean(fmt.Errorf("there is no metric %q; there are %s", g.Metric, strings.Join(names, ", ")), g.Metric, names)
}

// statEach is the median change of a request against itself, of paired runs.
const statEach = "each"

func eachHint(pooled bool) string {
	if pooled {
		return "tokens have none"
	}
	return "its bound is a share, such as +5%"
}

func (g Gate) apply(run *Against) GateResult {
	out := GateResult{Gate: g.text, Run: run.Name}
	delta, share, shown := g.find(run)
	if out.Shown = shown; delta == nil {
		out.Reason = "one of the runs has no such number"
		return out
	}
	change := *delta
	if g.Relative {
		switch {
		case share != nil:
			change = *share
		case change != 0: // more than any share of the base's number, which is 0
			change = math.Inf(cmp.Compare(change, 0))
			out.Reason = "the base's number is 0 and the run's is not"
		}
	}
	if !math.IsInf(change, 0) {
		out.Change = &change
	}
	if g.Above {
		out.Passed = !(change > g.Bound)
	} else {
		out.Passed = !(change < g.Bound)
	}
	return out
}

// find returns the change that the gate is about, and whether it is more than chance.
func (g Gate) find(run *Against) (delta, share *float64, shown *bool) {
	for _, m := range run.Metrics {
		if m.Name != g.Metric {
			continue
		}
		if g.Stat == statEach && m.Each != nil {
			return &m.Each.Share, &m.Each.Share, new(m.Each.Verdict != Unknown)
		}
		for _, d := range m.Deltas {
			if d.Stat == g.Stat {
				return d.Delta, d.Share, new(d.Verdict != Unknown)
			}
		}
	}
	for _, r := range run.Rates {
		if r.Name == g.Metric {
			if r.Interval.Low == nil && r.Interval.High == nil {
				return r.Delta, r.Share, nil
			}
			return r.Delta, r.Share, new(r.Verdict != Unknown)
		}
	}
	return nil, nil, nil
}
