package analyze

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"metron/analyze/stat"
	"metron/internal/term"
	"metron/internal/verdict"
	"metron/schema"
)

// textWidth is what a line takes at most; a narrower terminal gets narrower lines and
// fewer columns.
const textWidth = 110

// WriteText prints the result for a person.
func (r *Result) WriteText(w io.Writer) error {
	screen := term.ScreenOf(w, textWidth)
	screen.Width = min(screen.Width, textWidth)
	_, err := io.WriteString(w, r.text(screen))
	return err
}

func (r *Result) text(screen term.Screen) string {
	var b strings.Builder
	b.WriteString(term.Wrap(r.headline(screen.Paint), screen.Width, 2) + "\n")
	const count, mean, p75, p90, p95, p999 = 1, 2, 4, 5, 6, 8
	fitted(&b, screen, r.metricTable(screen), p75, p95, p999, count, mean, p90)
	b.WriteString("\n")
	if t := r.intervalTable(screen); t != nil {
		const mean, p90, p999 = 1, 3, 5
		fitted(&b, screen, t, p999, p90, mean)
		b.WriteString("\n")
	}
	for _, line := range slices.Concat(r.distributions(screen), r.totals()) {
		b.WriteString(labelled(screen, line))
	}
	r.Sections.text(&b, screen)
	for _, f := range r.Files {
		if f.Verdict == nil {
			continue
		}
		if len(r.Files) > 1 {
			b.WriteString(labelled(screen, [2]string{"run", f.Path}))
		}
		for _, line := range verdict.Lines(f.Verdict) {
			b.WriteString(labelled(screen, line))
		}
	}
	r.groupTable(&b, screen)
	for i, note := range r.notes(screen.Paint) {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(term.Wrap(note, screen.Width, 2))
	}
	return b.String()
}

// fitted prints a table without as many of the expendable columns as the screen is too
// narrow for, and names them.
func fitted(b *strings.Builder, screen term.Screen, t *term.Table, expendable ...int) {
	taken := t.Narrow(screen.Width, expendable...)
	t.WriteTo(b)
	if len(taken) > 0 {
		b.WriteString(term.Wrap("("+strings.Join(taken, ", ")+": a wider terminal shows them)", screen.Width, 0))
	}
}

// labelled is a line of a label and a text.
func labelled(screen term.Screen, line [2]string) string {
	const room = 21 // of the label
	return term.Wrap(strings.TrimRight(fmt.Sprintf("%-*s%s", room, line[0], line[1]), " "), screen.Width, room)
}

// headline says what was read: "run.parquet: 1,200 requests (1,190 ok, 10 timeout) in 60.2 s, run VALID".
func (r *Result) headline(paint term.Paint) string {
	line := r.Files[0].Path
	if n := len(r.Files); n > 1 {
		line = fmt.Sprintf("%s and %d more", line, n-1)
	}
	line = paint.Head(line)
	line += ": " + requestsOf(r.Requests.Total) + " (" + strings.Join(r.outcomes(), ", ") + ")"
	if r.DurationS != nil {
		line += " in " + term.Seconds(*r.DurationS)
	}
	for _, f := range r.Files {
		if f.Verdict != nil {
			line += ", run " + verdict.Painted(f.Verdict.Status, paint)
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

// shown are the metrics that tell a person something: not those that repeat another.
// JSON has all.
func (r *Result) shown() Metrics {
	repeats := map[string]string{keyTTFVT: keyTTFT, keyICL: keyTBT}
	var out Metrics
	for _, m := range r.Metrics {
		other, sometimes := repeats[m.key]
		switch {
		case sometimes && same(&m.Summary, &r.Metrics.Get(other).Summary):
		case m.key == keyDecodeRate || m.key == keyDispatchLag: // of TPOT and of the send lag
		default:
			out = append(out, m)
		}
	}
	return out
}

func same(a, b *Summary) bool {
	x, y := *a, *b
	x.CI95, y.CI95 = nil, nil
	return reflect.DeepEqual(x, y)
}

func (r *Result) metricTable(screen term.Screen) *term.Table {
	var t term.Table
	t.Row(heads(screen, "", "count", "mean", "p50", "p75", "p90", "p95", "p99", "p99.9")...)
	for _, m := range r.shown() {
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

// heads are the cells above a table.
func heads(screen term.Screen, cells ...string) []string {
	for i := range cells {
		cells[i] = screen.Head(cells[i])
	}
	return cells
}

// intervalTable says how sure the numbers of the latencies are, nil where there are
// none. A dash is an end that so few requests do not bound.
func (r *Result) intervalTable(screen term.Screen) *term.Table {
	var t term.Table
	t.Row(heads(screen, "95 % confidence", "mean", "p50", "p90", "p99", "p99.9")...)
	some := false
	for _, m := range r.shown() {
		if m.CI95 == nil || m.unit != unitSeconds || m.key == keyMinDeadline {
			continue
		}
		some = true
		row := []string{m.label}
		for _, v := range []stat.Interval{m.CI95.Mean, m.CI95.P50, m.CI95.P90, m.CI95.P99, m.CI95.P999} {
			row = append(row, m.unit.interval(v))
		}
		t.Row(row...)
	}
	if !some {
		return nil
	}
	return &t
}

// interval prints both ends, the unit once where it is the same: "93.1 to 98.0 ms".
func (u unit) interval(i stat.Interval) string {
	low, high := u.format(i.Low), u.format(i.High)
	if low == "-" && high == "-" {
		return "-"
	}
	number, name, cut := strings.Cut(low, " ")
	if cut && strings.HasSuffix(high, " "+name) && strings.Count(high, " ") == 1 {
		low = number
	}
	return low + " to " + high
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
