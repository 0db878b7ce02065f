package analyze

import (
	"fmt"
	"iter"
	"math"

	"metron/internal/term"
)

// barsAtTerminal is how many bars a sparkline has where there is room.
const barsAtTerminal = 36

// barsFor leaves a line's label and words their room.
func barsFor(screen term.Screen) int { return min(max(screen.Width-66, 8), barsAtTerminal) }

// distributions draw how TTFT and TBT lie between their smallest and largest value.
func (r *Result) distributions(screen term.Screen) [][2]string {
	var lines [][2]string
	for _, d := range []struct {
		label  string
		values iter.Seq2[float64, int64]
	}{{"TTFT", r.values(keyTTFT)}, {"TBT", r.values(keyTBT)}} {
		if text := distribution(d.values, barsFor(screen)); text != "" {
			lines = append(lines, [2]string{d.label + " distribution", text})
		}
	}
	return lines
}

// distribution draws ascending values in seconds, each with how often it occurred, on a
// logarithmic axis; "" where they do not span one. What is not above 0 is said apart.
func distribution(values iter.Seq2[float64, int64], n int) string {
	low, high := math.Inf(1), 0.0
	zeros, count := int64(0), int64(0)
	for v, times := range values {
		count += times
		if v <= 0 {
			zeros += times
			continue
		}
		low, high = min(low, v), max(high, v)
	}
	if !(high > low) || math.IsInf(high, 1) {
		return ""
	}
	bars, step := make([]float64, n), math.Log(high/low)/float64(n)
	for v, times := range values {
		if v > 0 {
			bars[min(int(math.Log(v/low)/step), n-1)] += float64(times)
		}
	}
	text := fmt.Sprintf("%s %s %s, log axis", term.Seconds(low), term.Sparkline(bars), term.Seconds(high))
	if zeros > 0 {
		text += fmt.Sprintf("; %s are 0", percent(new(float64(zeros)/float64(count))))
	}
	return text
}

// folded joins the values of a series to so many bars at most, each the mean of its
// values, and says how many it joined; undefined ones count as 0.
func folded(series []*float64, most int) (bars []float64, each int) {
	each = max(1, (len(series)+most-1)/most)
	for from := 0; from < len(series); from += each {
		part := series[from:min(from+each, len(series))]
		sum := 0.0
		for _, v := range part {
			if v != nil {
				sum += *v
			}
		}
		bars = append(bars, sum/float64(len(part)))
	}
	return bars, each
}
