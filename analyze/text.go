package analyze

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"metron/analyze/prefill"
	"metron/internal/term"
	"metron/internal/verdict"
	"metron/schema"
)

// WriteText prints the result for a person at a terminal of 110 columns.
func (r *Result) WriteText(w io.Writer) error {
	var b strings.Builder
	b.WriteString(r.headline() + "\n\n")
	r.metricTable().WriteTo(&b)
	b.WriteString("\n")
	for _, line := range r.totals() {
		b.WriteString(wrap(fmt.Sprintf("%-19s  %s", line[0], line[1]), 21))
	}
	r.Sections.text(&b)
	for _, f := range r.Files {
		if f.Verdict == nil {
			continue
		}
		if len(r.Files) > 1 {
			b.WriteString(wrap(fmt.Sprintf("%-19s  %s", "run", f.Path), 21))
		}
		for _, line := range verdict.Lines(f.Verdict) {
			b.WriteString(wrap(fmt.Sprintf("%-19s  %s", line[0], line[1]), 21))
		}
	}
	r.groupTable(&b)
	for i, note := range r.notes() {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(wrap(note, 2))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// headline says what was read: "run.parquet: 1,200 requests (1,190 ok, 10 timeout) in 60.2 s, run VALID".
func (r *Result) headline() string {
	line := r.Files[0].Path
	if n := len(r.Files); n > 1 {
		line = fmt.Sprintf("%s and %d more", line, n-1)
	}
	line += ": " + requestsOf(r.Requests.Total) + " (" + strings.Join(r.outcomes(), ", ") + ")"
	if r.DurationS != nil {
		line += " in " + term.Seconds(*r.DurationS)
	}
	for _, f := range r.Files {
		if f.Verdict != nil {
			line += ", run " + f.Verdict.Status
		}
	}
	return line
}

// outcomes are the counts of what occurred, ok first.
func (r *Result) outcomes() []string {
	out := []string{term.Count(r.Requests.OK) + " ok"}
	names := slices.DeleteFunc(schema.Outcomes(), func(s string) bool { return s == schema.OutcomeOK })
	for name := range maps.Keys(r.Requests.Outcomes) {
		if name != schema.OutcomeOK && !slices.Contains(names, name) {
			names = append(names, name) // written by a newer version
		}
	}
	slices.Sort(names[len(schema.Outcomes())-1:])
	for _, name := range names {
		if n := r.Requests.Outcomes[name]; n > 0 {
			out = append(out, term.Count(n)+" "+name)
		}
	}
	return out
}

func (r *Result) metricTable() *term.Table {
	var t term.Table
	t.Row("", "count", "mean", "p50", "p75", "p90", "p95", "p99", "p99.9")
	for i := range r.Metrics {
		m := &r.Metrics[i]
		label := m.label
		switch {
		case m.key == keyTBT: // the policy makes the number
			label += " (" + string(r.Settings.MultiToken) + ")"
		case m.unit == unitRate:
			label += ", tok/s"
		case m.key == "normalized_latency_s":
			label += ", per token"
		}
		row := []string{label, term.Count(m.Count)}
		for _, v := range []*float64{m.Mean, m.P50, m.P75, m.P90, m.P95, m.P99, m.P999} {
			row = append(row, m.unit.format(v))
		}
		t.Row(row...)
	}
	return &t
}

// format prints a number of a unit; the undefined as a dash.
func (u unit) format(v *float64) string {
	switch {
	case v == nil:
		return "-"
	case u == unitSeconds && *v > 1e8: // Etalon's word for never
		return strconv.FormatFloat(*v, 'g', 3, 64) + " s"
	case u == unitSeconds:
		return term.Seconds(*v)
	case u == unitShare:
		return strconv.FormatFloat(*v, 'f', 3, 64)
	}
	return term.Number(*v)
}

// totals is what stands below the table: the population as a whole, as pairs of
// a label and a text.
func (r *Result) totals() [][2]string {
	f, p := &r.Fluidity, &r.Playback
	playback := percent(p.Continuity) + " of the time reading"
	if p.Stalls > 0 {
		playback += fmt.Sprintf(", %s stalls, the longest %s", term.Count(p.Stalls), term.Seconds(*p.LongestStallS))
		if *p.StartDelayS > 0 {
			playback += fmt.Sprintf("; a start %s after the first token would have avoided all", term.Seconds(*p.StartDelayS))
		}
	}
	lines := [][2]string{
		{"throughput", strings.Join([]string{rate(r.Throughput.RequestsPerS, "requests/s"),
			rate(r.Throughput.OutputTokensPerS, "output tok/s"), rate(r.Throughput.TotalTokensPerS, "tok/s with the input")}, ", ")},
		{"deadlines", fmt.Sprintf("%s to the first token, %s for each after it (%s arithmetic)",
			r.Settings.firstDeadline(), term.Seconds(f.TBTDeadlineS), r.Settings.Fluidity)},
		{"service level", fmt.Sprintf("%s of %s deadlines missed (%s)",
			term.Count(f.ServiceMissed), term.Count(f.ServiceTotal), percent(f.ServiceMissRate))},
		{"fluid token rate", fmt.Sprintf("%s (siblings: 1/mean TPOT %s, 1/P99 TBT %s)",
			rate(f.FluidTokenRate, "tok/s"), rate(f.TPOTRate, "tok/s"), rate(f.TBTP99Rate, "tok/s"))},
		{"absolute attainment", percent(p.AbsoluteAttainment) + " of the tokens by their place in the schedule"},
		{"playback", playback},
	}
	if r.Prefill != nil {
		lines = slices.Insert(lines, 2, [2]string{"prefill", prefillText(r.Prefill)})
	}
	return lines
}

// prefillText is the model in a line.
func prefillText(m *prefill.Model) string {
	line := fmt.Sprintf("a line of %d knots", len(m.Knots))
	if c := m.Curve; c != nil {
		line = fmt.Sprintf("%s + %s a token + %.3g ns a squared token", term.Seconds(c.ConstantUS/usPerSecond),
			term.Seconds(c.PerTokenUS/usPerSecond), c.PerTokenSq*1e3)
	}
	line += fmt.Sprintf(", for %s to %s tokens", term.Count(m.MinTokens), term.Count(m.MaxTokens))
	if m.Source != "" {
		line += " (" + m.Source + ")"
	}
	return line
}

func rate(v *float64, unit string) string {
	if v == nil {
		return "- " + unit
	}
	return term.Number(*v) + " " + unit
}

func percent(share *float64) string {
	if share == nil {
		return "-"
	}
	return strconv.FormatFloat(*share*100, 'f', 2, 64) + " %"
}

// notes are the footnotes: warnings, and the rows that metrics left out.
func (r *Result) notes() []string {
	var notes []string
	for _, w := range r.Warnings {
		notes = append(notes, "! "+w.Message)
	}
	// Which metrics a reason took as many rows from, and which reasons took from the
	// same metrics.
	var order []string
	rows := map[string][]string{} // by the names of the metrics
	for _, why := range reasons() {
		labels := map[int64][]string{}
		for i := range r.Metrics {
			if n := r.Metrics[i].LeftOut[why]; n > 0 {
				labels[n] = append(labels[n], r.Metrics[i].label)
			}
		}
		for _, n := range slices.Sorted(maps.Keys(labels)) {
			names := strings.Join(labels[n], ", ")
			if len(labels[n]) == len(r.Metrics) {
				names = "every metric"
			}
			if rows[names] == nil {
				order = append(order, names)
			}
			rows[names] = append(rows[names], term.Count(n)+" "+why.phrase())
		}
	}
	for _, names := range order {
		notes = append(notes, fmt.Sprintf("  left out of %s: %s", names, strings.Join(rows[names], ", ")))
	}
	return notes
}

// textWidth is what a line takes at most.
const textWidth = 110

// wrap breaks a line between words and indents what follows.
func wrap(line string, indent int) string {
	var b strings.Builder
	for {
		r := []rune(line)
		if len(r) <= textWidth {
			return b.String() + line + "\n"
		}
		cut := strings.LastIndexByte(string(r[:textWidth+1]), ' ')
		if cut <= indent {
			return b.String() + line + "\n" // one long word
		}
		b.WriteString(line[:cut] + "\n")
		line = strings.Repeat(" ", indent) + line[cut+1:]
	}
}
