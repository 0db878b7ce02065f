package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"metron/internal/term"
)

// dialectsSection measures the same streams as other tools would.
type dialectsSection struct {
	explain bool
	tools   []*toolTally
	whole   int64 // answered rows without the times of their tokens, which no tool's table holds
}

// toolTally is what one tool would have collected.
type toolTally struct {
	dialect
	ttft, tpot, e2e Samples
	itl             Hist
	means           []weighted
	tokens, unknown int64 // of the requests, and those whose count the columns lack
	requests        int64
}

type weighted struct {
	value  float64
	weight int64
}

func newDialects(c *Config) section {
	s := &dialectsSection{explain: c.Explain}
	for _, d := range dialects() {
		if len(c.Dialects) == 0 || slices.Contains(c.Dialects, d.name) {
			s.tools = append(s.tools, &toolTally{dialect: d})
		}
	}
	return s
}

func (s *dialectsSection) add(r *request) {
	if r.whyExcluded() != "" {
		return
	}
	if !r.streamed {
		s.whole++
		return
	}
	for _, t := range s.tools {
		t.add(t.measure(r))
	}
}

func (t *toolTally) add(m measured) {
	t.requests++
	for _, one := range []struct {
		to *Samples
		v  maybe[float64]
	}{{&t.ttft, m.ttft}, {&t.tpot, m.tpot}, {&t.e2e, m.e2e}} {
		if one.v.ok {
			one.to.Add(one.v.value)
		}
	}
	t.itl.Add(m.itl)
	if m.mean.ok {
		t.means = append(t.means, weighted{m.mean.value, m.weight})
	}
	addKnown(&t.tokens, &t.unknown, m.tokens)
}

func (s *dialectsSection) merge(other section) {
	o := other.(*dialectsSection)
	s.whole += o.whole
	for i, t := range s.tools {
		u := o.tools[i]
		t.ttft.Merge(&u.ttft)
		t.tpot.Merge(&u.tpot)
		t.e2e.Merge(&u.e2e)
		t.itl.Merge(&u.itl)
		t.means = append(t.means, u.means...)
		t.tokens, t.unknown, t.requests = t.tokens+u.tokens, t.unknown+u.unknown, t.requests+u.requests
	}
}

// DialectsResult is what other tools would have printed.
type DialectsResult struct {
	Tools       []ToolResult `json:"tools"`
	NotStreamed int64        `json:"not_streamed"` // answered rows that none of them measures here

	explain bool
}

// ToolResult is the numbers of one tool, in seconds; nil is what it does not have.
type ToolResult struct {
	Name         string      `json:"name"`
	Tool         string      `json:"tool"`
	Requests     int64       `json:"requests"`
	TTFT         *ToolMetric `json:"ttft_s"`
	ITL          *ToolMetric `json:"itl_s"`
	TPOT         *ToolMetric `json:"tpot_s"`
	E2E          *ToolMetric `json:"e2e_s"`
	OutputTokens *int64      `json:"output_tokens"` // nil where a row's count would be a tokenizer's, which the columns do not hold
	Explanation  Explanation `json:"explanation"`
}

// Explanation says in words where a tool's numbers come from.
type Explanation struct {
	TTFT string `json:"ttft"`
	ITL  string `json:"itl"`
	TPOT string `json:"tpot"`
	End  string `json:"end"`
}

// ToolMetric is a distribution by a tool's own percentiles.
type ToolMetric struct {
	Count int64    `json:"count"`
	Mean  *float64 `json:"mean"`
	P50   *float64 `json:"p50"`
	P90   *float64 `json:"p90"`
	P95   *float64 `json:"p95"`
	P99   *float64 `json:"p99"`
}

func (s *dialectsSection) result(*tally) sectionResult {
	out := &DialectsResult{Tools: []ToolResult{}, NotStreamed: s.whole, explain: s.explain}
	for _, t := range s.tools {
		r := ToolResult{Name: t.name, Tool: t.tool, Requests: t.requests,
			TTFT: t.samples(&t.ttft), TPOT: t.samples(&t.tpot), E2E: t.samples(&t.e2e),
			Explanation: Explanation{t.dialect.ttft, t.dialect.itl, t.dialect.tpot, t.dialect.end}}
		switch {
		case len(t.means) > 0:
			r.ITL = t.weighedMeans()
		case t.itl.Count() > 0:
			index := t.itl.ranks()
			r.ITL = t.metric(t.itl.Count(), func(rank int64) float64 { return float64(index.at(rank)) })
			r.ITL.Mean = t.itl.Summary(Nearest, usPerSecond).Mean
		}
		if t.unknown == 0 {
			r.OutputTokens = new(t.tokens)
		}
		out.Tools = append(out.Tools, r)
	}
	return out
}

func (t *toolTally) samples(s *Samples) *ToolMetric {
	if s.Count() == 0 {
		return nil
	}
	sorted := s.Sorted()
	m := t.metric(s.Count(), func(rank int64) float64 { return sorted[rank] })
	m.Mean = finite(meanOf(sorted) / usPerSecond)
	return m
}

func (t *toolTally) metric(n int64, at func(rank int64) float64) *ToolMetric {
	q := func(permille int64) *float64 { return finite(t.method(Fraction{permille, 1000}, n, at) / usPerSecond) }
	return &ToolMetric{Count: n, P50: q(500), P90: q(900), P95: q(950), P99: q(990)}
}

// weighedMeans are of one sample a request, whose percentile is the first value that, with
// all below it, has the share of the weight.
func (t *toolTally) weighedMeans() *ToolMetric {
	slices.SortFunc(t.means, func(a, b weighted) int { return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.weight, b.weight)) })
	alike := true
	total, sum := int64(0), 0.0
	for _, w := range t.means {
		alike = alike && w.weight == t.means[0].weight
		total += w.weight
		sum += w.value * float64(w.weight)
	}
	if alike { // which is no weight at all
		m := t.metric(int64(len(t.means)), func(rank int64) float64 { return t.means[rank].value })
		m.Mean = finite(sum / float64(total) / usPerSecond)
		return m
	}
	q := func(permille int64) *float64 {
		rest, below := Fraction{1000 - permille, 1000}, int64(0)
		for _, w := range t.means {
			if below += w.weight; rest.Holds(total-below, total) {
				return finite(w.value / usPerSecond)
			}
		}
		return nil
	}
	return &ToolMetric{int64(len(t.means)), finite(sum / float64(total) / usPerSecond), q(500), q(900), q(950), q(990)}
}

// lines print a table of the tools, and what makes them differ.
func (d *DialectsResult) lines() []string {
	var t term.Table
	t.Row("as the tool counts", "TTFT mean", "p99", "ITL mean", "p99", "TPOT mean", "E2E mean", "tokens")
	for _, r := range d.Tools {
		row := []string{r.Tool}
		for _, m := range []*ToolMetric{r.TTFT, r.ITL} {
			if m == nil {
				m = &ToolMetric{}
			}
			row = append(row, unitSeconds.format(m.Mean), unitSeconds.format(m.P99))
		}
		for _, m := range []*ToolMetric{r.TPOT, r.E2E} {
			if m == nil {
				m = &ToolMetric{}
			}
			row = append(row, unitSeconds.format(m.Mean))
		}
		tokens := "-"
		if r.OutputTokens != nil {
			tokens = term.Count(*r.OutputTokens)
		}
		t.Row(append(row, tokens)...)
	}
	var b strings.Builder
	t.WriteTo(&b)
	out := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if !d.explain {
		return out
	}
	for _, r := range d.Tools {
		out = append(out, fmt.Sprintf("%s: TTFT to %s. ITL: %s. TPOT: %s. It ends at %s.", r.Tool,
			r.Explanation.TTFT, r.Explanation.ITL, r.Explanation.TPOT, r.Explanation.End))
	}
	if unknown := slices.ContainsFunc(d.Tools, func(r ToolResult) bool { return r.OutputTokens == nil }); unknown {
		out = append(out, "A dash under tokens: the tool would count with a tokenizer of its own, which the columns do not hold.")
	}
	return out
}
