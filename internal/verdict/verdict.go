// Package verdict puts what a run's verdict holds into words, alike wherever it is
// shown.
package verdict

import (
	"fmt"

	"metron/internal/term"
	"metron/schema"
)

// Lines is how the sending side did, as pairs of a label and a text. Of runs that
// older programs wrote the send lag alone is known.
func Lines(v *schema.Verdict) [][2]string {
	lag := fmt.Sprintf("p50 %s, p99 %s, max %s", us(v.SendLagP50US), us(v.SendLagP99US), us(v.SendLagMaxUS))
	if v.DriftUS != nil {
		lag += ", drift " + us(*v.DriftUS)
	}
	lines := [][2]string{{"send lag", lag}}
	add := func(label, format string, args ...any) {
		lines = append(lines, [2]string{label, fmt.Sprintf(format, args...)})
	}
	if text := overTime(v); text != "" {
		add("", "%s", text)
	}
	w := v.Whole
	if w == nil {
		return lines
	}
	if w.Late > 0 || w.Shed > 0 {
		add("", "%s of %s sent more than 1 ms late, %s not sent", term.Count(w.Late), term.Count(w.Requests+w.Shed), term.Count(w.Shed))
	}
	if e := w.GapError; e != nil {
		add("send gaps", "off by p50 %s, p99 %s, max %s", us(e.P50US), us(e.P99US), us(e.MaxUS))
	}
	load := fmt.Sprintf("%s cores", term.Number(w.CPUCores))
	if v.Timer != "" {
		load = v.Timer + " timer; " + load
	}
	if l := w.SchedLatency; l != nil {
		load += fmt.Sprintf("; goroutines waited p50 %s, p99 %s, max %s to run", us(l.P50US), us(l.P99US), us(l.MaxUS))
	}
	if w.GCPauses > 0 {
		load += fmt.Sprintf("; %s GC pauses of at most %s", term.Count(w.GCPauses), us(w.GCPauseMaxUS))
	}
	add("sender", "%s", load)
	return lines
}

// widest is how many bars fit beside a label and what they mean.
const widest = 40

// overTime draws the p99 send lag of each step, of which long runs join several
// into a bar, the worst of them.
func overTime(v *schema.Verdict) string {
	steps := v.Steps
	for len(steps) > 0 && steps[len(steps)-1].SendLag == nil { // nothing was sent any more
		steps = steps[:len(steps)-1]
	}
	if len(steps) < 2 {
		return ""
	}
	each := (len(steps) + widest - 1) / widest
	bars := make([]float64, (len(steps)+each-1)/each)
	worst := 0
	for i, s := range steps {
		if s.SendLag != nil {
			bars[i/each] = max(bars[i/each], float64(s.SendLag.P99US))
		}
		if p99(s) > p99(steps[worst]) {
			worst = i
		}
	}
	return fmt.Sprintf("%s p99 of each %d s, highest at %d s", term.Sparkline(bars), int64(each)*v.StepS, int64(worst)*v.StepS)
}

func p99(s schema.Sender) int64 {
	if s.SendLag == nil {
		return -1
	}
	return s.SendLag.P99US
}

// Painted is a status, in its colour on a screen that has some.
func Painted(status string, paint term.Paint) string {
	switch status {
	case schema.VerdictValid:
		return paint.Good(status)
	case schema.VerdictInvalid:
		return paint.Bad(status)
	}
	return paint.Doubt(status)
}

func us(v int64) string {
	if v < 0 {
		return "-" + us(-v)
	}
	return term.Seconds(float64(v) / 1e6)
}
