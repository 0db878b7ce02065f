package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"metron/analyze/stat"
	"metron/internal/term"
	words "metron/internal/verdict"
)

// WriteJSON prints the comparison as one JSON object: seconds as numbers, the undefined
// as null. Its keys are a contract.
func (c *Comparison) WriteJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(c)
}

// textWidth is what a line takes at most.
const textWidth = 110

// WriteText prints the comparison for a person.
func (c *Comparison) WriteText(w io.Writer) error {
	screen := term.ScreenOf(w, textWidth)
	screen.Width = min(screen.Width, textWidth)
	_, err := io.WriteString(w, c.text(screen))
	return err
}

func (c *Comparison) text(screen term.Screen) string {
	var b strings.Builder
	b.WriteString(term.Wrap("base  "+c.Base.headline(screen.Paint), screen.Width, 6))
	for i := range c.Against {
		c.Against[i].text(&b, screen)
	}
	b.WriteString("\n" + term.Wrap(fmt.Sprintf("each: the median change of a request against itself. 95 %% CI: of the change, as a share of the base's number. "+
		"p: that chance moved the metric's distribution, corrected for %s (Holm). larger: how likely a request of "+
		"the run has the larger value. A verdict stands where the CI holds no 0; that of the mean, p50 and each only "+
		"where p is below 0.05, too. Those of other percentiles and of TBT are not corrected for their number.",
		plural(c.Tests, "test")), screen.Width, 0))
	for _, g := range c.Gates {
		b.WriteString(term.Wrap(g.text(screen.Paint), screen.Width, 5))
	}
	return b.String()
}

func (i *RunInfo) headline(paint term.Paint) string {
	line := fmt.Sprintf("%s: %s, %s ok", i.Name, plural(int(i.Requests.Total), "request"), term.Count(i.Requests.OK))
	for _, v := range i.Verdicts {
		line += ", run " + words.Painted(v, paint)
	}
	return line
}

func (a *Against) text(b *strings.Builder, screen term.Screen) {
	b.WriteString(term.Wrap("run   "+a.headline(screen.Paint), screen.Width, 6))
	how := "compared as two populations: they do not replay the same rows"
	if a.Paired {
		how = fmt.Sprintf("each compared with itself: %s that both answered (%s of the base and %s of the run have none)",
			plural(a.Pairs, "request"), term.Count(int64(a.OnlyA)), term.Count(int64(a.OnlyB)))
	}
	b.WriteString(term.Wrap("      "+how, screen.Width, 6) + "\n")
	const ci, p, larger = 5, 6, 7
	numbers := a.table(screen.Paint)
	taken := numbers.Narrow(screen.Width, larger, p, ci)
	numbers.WriteTo(b)
	if len(taken) > 0 {
		fmt.Fprintf(b, "(%s: a wider terminal shows them)\n", strings.Join(taken, ", "))
	}
	if len(a.Worst) == 0 {
		return
	}
	fmt.Fprintf(b, "\nthe requests whose E2E latency grew most (record_id of the base, of the run):\n")
	var t term.Table
	for _, r := range a.Worst {
		t.Row("  "+r.A, r.B, seconds(r.E2EA)+" -> "+seconds(r.E2EB), "TTFT "+seconds(r.TTFTA)+" -> "+seconds(r.TTFTB))
	}
	t.WriteTo(b)
}

func (a *Against) table(paint term.Paint) *term.Table {
	var t term.Table
	t.Row("", "", "base", "run", "change", "95 % CI", "p", "larger", "")
	shown := map[string]bool{"mean": true, "p50": true, "p90": true, "p99": true}
	for i := range a.Metrics {
		m := &a.Metrics[i]
		label, p, larger := m.Label, probability(m.PAdjusted), share(m.Larger)
		for _, d := range m.Deltas {
			if !shown[d.Stat] || d.A == nil && d.B == nil {
				continue
			}
			t.Row(label, d.Stat, format(d.A, m.Unit), format(d.B, m.Unit), percent(d.Share), interval(d.Interval, d.A), p, larger, mark(d.Verdict, paint))
			label, p, larger = "", "", ""
		}
		if e := m.Each; e != nil {
			t.Row("", statEach, "", "", percent(&e.Share), interval(e.Interval, new(1.0)), "", "", mark(e.Verdict, paint))
		}
	}
	for _, r := range a.Rates {
		if r.A == nil && r.B == nil {
			continue
		}
		t.Row(r.Label, "", format(r.A, r.Unit), format(r.B, r.Unit), percent(r.Share), interval(r.Interval, r.A), "", "", mark(r.Verdict, paint))
	}
	return &t
}

// String says a gate's result: "FAIL ttft.p99>+5%: new.parquet is at +7.1 %".
func (g GateResult) String() string { return g.text(false) }

func (g GateResult) text(paint term.Paint) string {
	line := paint.Good("pass")
	if !g.Passed {
		line = paint.Bad("FAIL")
	}
	line += " " + g.Gate + ": " + g.Run
	switch {
	case g.Reason != "":
		return line + ": " + g.Reason
	case strings.HasSuffix(g.Gate, "%"):
		line += " is at " + percent(g.Change)
	case strings.HasSuffix(g.Gate, "s"): // of every unit of time
		line += " is at " + signed(*g.Change, term.Seconds)
	default:
		line += " is at " + signed(*g.Change, func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) })
	}
	if g.Shown != nil && !*g.Shown {
		line += ", which may be chance"
	}
	return line
}

// mark is the verdict's place in the table; what is not shown is a blank.
func mark(v Verdict, paint term.Paint) string {
	switch v {
	case Unknown:
		return ""
	case Better:
		return paint.Good(string(v))
	case Worse:
		return paint.Bad(string(v))
	}
	return string(v)
}

func format(v *float64, unit string) string {
	switch {
	case v == nil:
		return "-"
	case unit == "s":
		return term.Seconds(*v)
	case unit == "share":
		return strconv.FormatFloat(*v, 'f', 3, 64)
	}
	return term.Number(*v) + "/s"
}

func seconds(v *float64) string { return format(v, "s") }

func signed(v float64, text func(float64) string) string {
	if v > 0 {
		return "+" + text(v)
	}
	return text(v)
}

func percent(v *float64) string {
	if v == nil {
		return "-"
	}
	decimals := 1
	if math.Abs(*v) >= 1 {
		decimals = 0
	}
	return signed(*v*100, func(v float64) string { return strconv.FormatFloat(v, 'f', decimals, 64) }) + " %"
}

// interval prints the ends of a change as shares of the base's number.
func interval(i stat.Interval, base *float64) string {
	if base == nil || *base == 0 || i.Low == nil && i.High == nil {
		return ""
	}
	end := func(v *float64) string {
		if v == nil {
			return "?"
		}
		return strings.TrimSuffix(percent(new(*v/math.Abs(*base))), " %")
	}
	return end(i.Low) + " to " + end(i.High)
}

func probability(p *float64) string {
	switch {
	case p == nil:
		return ""
	case *p < 0.0001:
		return "<0.0001"
	}
	return strconv.FormatFloat(*p, 'f', 4, 64)
}

func share(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', 2, 64)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return term.Count(int64(n)) + " " + what + "s"
}
