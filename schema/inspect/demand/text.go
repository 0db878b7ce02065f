package demand

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"metron/internal/term"
)

// chartHeight is that of charts, in lines.
const chartHeight = 6

// WriteText prints the workload for a person, as wide as w is.
func (w *Workload) WriteText(out io.Writer) error {
	columns := min(max(term.Width(out)-16, 20), 120)
	var b strings.Builder
	fmt.Fprintln(&b, w.Name)
	var f term.Fields
	selected := ""
	if w.Selection != "" {
		selected = ", selected " + w.Selection
	}
	f.Line("requests", "%s%s", term.Count(w.Rows), selected)
	w.Arrivals.lines(f.Line)
	f.Line("input tokens", "%s", w.InputTokens.text(term.Number))
	f.Line("output tokens", "%s", w.OutputTokens.text(term.Number))
	if s := w.Sessions; s != nil {
		alone := ""
		if s.Alone > 0 {
			alone = fmt.Sprintf(", and %s of none", term.Plural(s.Alone, "request", "requests"))
		}
		f.Line("sessions", "%s%s", term.Count(s.Count), alone)
		f.Line("  turns", "%s", s.Turns.text(term.Number))
		f.Line("  think time", "%s", s.ThinkS.text(term.Seconds))
	}
	if r := w.Reuse; r != nil {
		r.lines(f.Line)
	}
	f.WriteTo(&b)
	for _, chart := range []struct{ title, drawn string }{
		{fmt.Sprintf("requests/s, in steps of %s", Round(w.Arrivals.StepS)), w.Arrivals.chart(columns)},
		{"input tokens, share of requests", w.InputTokens.chart(columns)},
		{"output tokens, share of requests", w.OutputTokens.chart(columns)},
		{"share of the prompts in a cache of so many blocks", w.Reuse.chart(columns)},
	} {
		if chart.drawn != "" {
			fmt.Fprintf(&b, "\n%s\n%s", chart.title, chart.drawn)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// WriteJSON prints the workload as one JSON object.
func (w *Workload) WriteJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(w)
}

func (a Arrivals) lines(line func(name, format string, args ...any)) {
	if a.First == nil {
		return
	}
	line("span", "%s", term.Seconds(*a.SpanS))
	if a.RatePerS != nil {
		line("mean rate", "%s requests/s", term.Number(*a.RatePerS))
	}
	if a.CV != nil {
		line("gaps", "mean %s, CV %.3g (Poisson: 1), %s of nothing", term.Seconds(*a.MeanGapS), *a.CV, term.Count(a.Ties))
	}
	var parts []string
	for _, d := range a.Dispersion {
		// One a decade is enough to read.
		if lead := d.WindowS / math.Pow(10, math.Floor(math.Log10(d.WindowS)+1e-9)); math.Round(lead) == 1 {
			parts = append(parts, fmt.Sprintf("%.3g in %s", d.Index, Round(d.WindowS)))
		}
	}
	line("dispersion", "%s", strings.Join(parts, ", "))
}

func (r *Reuse) lines(line func(name, format string, args ...any)) {
	most := r.Unbounded()
	line("prefixes", "%s blocks of %s %s, %s of them distinct", term.Count(r.Blocks), term.Count(r.BlockSize), r.Unit, term.Count(r.Distinct))
	tokens := ""
	if most.Tokens != nil {
		tokens = fmt.Sprintf(" and %.1f %% of tokens", 100**most.Tokens)
	}
	own := ""
	if most.OwnBlocks > 0 {
		own = fmt.Sprintf("; %.1f %% of blocks from the session's turn before", 100*most.OwnBlocks)
	}
	line("  reuse", "%.1f %% of blocks%s in a cache that holds them all%s", 100*most.Blocks, tokens, own)
	for _, h := range r.Curve {
		if h.Blocks >= most.Blocks/2 && most.Blocks > 0 {
			line("  half of it", "with %s blocks", term.Count(h.CacheBlocks))
			break
		}
	}
	if r.LeftOut > 0 {
		line("", "%s left out", term.Plural(r.LeftOut, "row, whose blocks have another size, is", "rows, whose blocks have another size, are"))
	}
}

func (d Distribution) text(format func(float64) string) string {
	if d.Count == 0 {
		return ""
	}
	s := fmt.Sprintf("mean %s  p50 %s  p90 %s  p99 %s  max %s", format(*d.Mean), format(*d.P50), format(*d.P90), format(*d.P99), format(*d.Max))
	if d.Unknown > 0 {
		s += fmt.Sprintf("  (unknown in %s)", term.Plural(d.Unknown, "row", "rows"))
	}
	return s
}

// Round is a round time in seconds with its unit: "10 ms", "5 m".
func Round(s float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}} {
		if n := s / unit.size; n >= 1 && n == math.Trunc(n) {
			return fmt.Sprintf("%.0f %s", n, unit.name)
		}
	}
	if s >= 1 {
		return term.Seconds(s)
	}
	return fmt.Sprintf("%.4g ms", s*1e3)
}
