package profile

import (
	"fmt"
	"math"
	"slices"

	"metron/analyze/plot"
	"metron/analyze/prefill"
	"metron/internal/term"
)

// Figure is a model with what it was fitted to.
func Figure(m *prefill.Model) plot.Fit {
	f := plot.Fit{Title: "How long a prompt takes to read", XLabel: "tokens of the prompt", YLabel: "time to the first token",
		Between: between(m), Model: plot.Curve{Name: "model"}, From: float64(m.MinTokens), To: float64(m.MaxTokens)}
	f.Subtitle = fmt.Sprintf("%s; N = %s", m.Source, term.Count(int64(m.Points)))
	if m.Curve != nil {
		f.Subtitle += "; model: " + equation(m.Curve)
	}
	for _, l := range m.Lengths {
		low, high := interval(l, f.Between)
		f.Measured = append(f.Measured, plot.Span{X: float64(l.Tokens), Low: seconds(low), Y: seconds(l.MedianUS), High: seconds(high)})
	}
	for _, tokens := range along(m) {
		us, _ := m.US(tokens)
		f.Model.X, f.Model.Y = append(f.Model.X, float64(tokens)), append(f.Model.Y, seconds(us))
		if low, high, ok := m.Band(tokens); ok {
			f.Low, f.High = append(f.Low, seconds(low)), append(f.High, seconds(high))
		}
	}
	return f
}

func seconds(us int64) float64 { return float64(max(1, us)) / 1e6 }

// along are lengths from below all that were measured to twice the longest, evenly on
// a logarithmic axis.
func along(m *prefill.Model) (lengths []int64) {
	const steps = 100
	low, high := math.Max(1, float64(m.MinTokens)/1.5), 2*float64(m.MaxTokens)
	for i := range steps + 1 {
		lengths = append(lengths, int64(math.Round(low*math.Pow(high/low, float64(i)/steps))))
	}
	lengths = append(lengths, max(1, m.MinTokens), m.MaxTokens)
	slices.Sort(lengths)
	return slices.Compact(lengths)
}

// between names what is told around the medians: their interval, or the range where one
// is of too few for that.
func between(m *prefill.Model) string {
	if slices.ContainsFunc(m.Lengths, func(l prefill.Length) bool { return l.LowUS == nil || l.HighUS == nil }) {
		return "range"
	}
	return "95 % interval"
}

func interval(l prefill.Length, between string) (lowUS, highUS int64) {
	if between == "range" {
		return l.MinUS, l.MaxUS
	}
	return *l.LowUS, *l.HighUS
}
