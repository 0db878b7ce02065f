package analyze

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"metron/analyze/prefill"
	"metron/internal/term"
)

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
