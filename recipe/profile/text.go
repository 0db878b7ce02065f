package profile

import (
	"fmt"
	"io"
	"strings"

	"metron/analyze/prefill"
	"metron/internal/term"
)

// WriteText prints a model as a person reads it: what was measured at each length beside
// what the model says, and then the model.
func WriteText(w io.Writer, m *prefill.Model) error {
	var t term.Table
	around := between(m)
	head := []string{"tokens", "N", "median", around, "model", "off"}
	if m.Together > 0 {
		head = append(head, fmt.Sprintf("%d at once", m.Together), "times")
	}
	t.Row(head...)
	if len(m.Lengths) > 0 {
		for _, l := range m.Lengths {
			low, high := interval(l, around)
			row := []string{term.Count(l.Tokens), term.Count(int64(l.Count)), us(l.MedianUS), span(us(low), us(high)), us(l.ModelUS),
				fmt.Sprintf("%+.1f %%", 100*(float64(l.MedianUS)/float64(max(1, l.ModelUS))-1))}
			if l.TogetherUS != nil {
				row = append(row, us(*l.TogetherUS), fmt.Sprintf("%.2f", float64(*l.TogetherUS)/float64(l.MedianUS)))
			}
			t.Row(row...)
		}
	} else {
		for _, n := range Ladder(m.MaxTokens) {
			if n >= m.MinTokens {
				t.Row(modelRow(m, n)...)
			}
		}
	}
	t.Row(append(modelRow(m, beyond(m)), "extrapolated")...)
	if _, err := t.WriteTo(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	var f term.Fields
	if c := m.Curve; c != nil {
		f.Line("prefill", "%s", equation(c))
	} else {
		f.Line("prefill", "a line through %d points: no curve of the length and its square fits", len(m.Knots))
	}
	if r := m.CI95; r != nil {
		f.Line("95 %", "%s, %s, %s", span(coefficient(r.Low.ConstantUS), coefficient(r.High.ConstantUS)),
			span(coefficient(r.Low.PerTokenUS), coefficient(r.High.PerTokenUS)), span(coefficient(r.Low.PerTokenSq), coefficient(r.High.PerTokenSq)))
	}
	f.Line("residuals", "of %s measurements half are within %.1f %% of the model, nine in ten within %.1f %%, all within %.1f %%",
		term.Count(int64(m.Points)), 100*m.Residual.Median, 100*m.Residual.P90, 100*m.Residual.Max)
	f.Line("measured", "%s to %s tokens; what the model says beyond is extrapolated", term.Count(m.MinTokens), term.Count(m.MaxTokens))
	f.Line("of", "%s", m.Source)
	for i, note := range m.Notes {
		f.Line([]string{"notes", ""}[min(i, 1)], "%s", note)
	}
	_, err := f.WriteTo(w)
	return err
}

// modelRow is a length that was not measured, with the interval of the curve there.
func modelRow(m *prefill.Model, tokens int64) []string {
	value, _ := m.US(tokens)
	band := "-"
	if low, high, ok := m.Band(tokens); ok {
		band = span(us(low), us(high))
	}
	return []string{term.Count(tokens), "-", "-", band, us(value)}
}

// beyond is the first power of two that is longer than all that was measured.
func beyond(m *prefill.Model) int64 {
	n := int64(1)
	for n <= m.MaxTokens {
		n *= 2
	}
	return n
}

func us(v int64) string { return term.Seconds(float64(v) / 1e6) }

func equation(c *prefill.Quadratic) string {
	return fmt.Sprintf("%s + %s a token + %s a token squared", coefficient(c.ConstantUS), coefficient(c.PerTokenUS), coefficient(c.PerTokenSq))
}

// span is two times with their unit once, where they have the same.
func span(low, high string) string {
	if i := strings.LastIndexByte(low, ' '); i >= 0 && strings.HasSuffix(high, low[i:]) {
		low = low[:i]
	}
	return low + " to " + high
}

// coefficient is a time in the unit that suits it, also one that is shorter than any
// clock tells.
func coefficient(us float64) string {
	switch {
	case us >= 1 || us == 0:
		return term.Seconds(us / 1e6)
	case us >= 1e-3:
		return term.Number(us*1e3) + " ns"
	}
	return term.Number(us*1e6) + " ps"
}
