package analyze

import (
	"math"

	"metron/analyze/plot"
	"metron/analyze/prefill"
)

func bandsFigure(r figureRun) (plot.Data, string) {
	gathered := r.gathered.(*promptTTFTs)
	if len(gathered.points) == 0 {
		return nil, noPromptTTFTs
	}
	points := gathered.sorted()
	b := plot.Bands{Title: "Time to first token against the length of the prompt", Subtitle: gathered.caption(r.Result) + "; each point is 25 or more of neighbouring lengths",
		XLabel: "prompt tokens", YLabel: "time to first token"}
	for _, bin := range evenBins(points) {
		at := func(percent int64) float64 { return bin.at(r.percentile, percent) }
		b.Points = append(b.Points, plot.Percentiles{X: bin.mid,
			P10: at(10), P25: at(25), P50: at(50), P75: at(75), P90: at(90), P99: at(99)})
	}
	if r.Prefill != nil {
		b.Model = modelCurve(r.Prefill, points[0].tokens, points[len(points)-1].tokens)
		if gathered.cached {
			b.Subtitle += "; the model is of prompts of which nothing is cached"
		}
	}
	if len(b.Points) < 2 {
		return nil, "want answered requests of several prompt lengths, 50 or more"
	}
	return b, ""
}

// modelCurve is what a prefill model says of these lengths.
func modelCurve(m *prefill.Model, from, to int64) *plot.ModelCurve {
	const places = 100
	out := &plot.ModelCurve{Name: "prefill model"}
	var low, high prefill.Model
	if m.CI95 != nil {
		out.BandName = "95 % CI of its coefficients"
		low.Curve, high.Curve = &m.CI95.Low, &m.CI95.High
	}
	for i := range places {
		tokens := int64(math.Round(float64(from) * math.Pow(float64(to)/float64(from), float64(i)/(places-1))))
		at := func(m *prefill.Model) float64 {
			us, _ := m.US(tokens)
			return max(1, float64(us)) / usPerSecond // a logarithm has no 0
		}
		out.X, out.Y = append(out.X, float64(tokens)), append(out.Y, at(m))
		if m.CI95 != nil {
			out.Low, out.High = append(out.Low, at(&low)), append(out.High, at(&high))
		}
	}
	return out
}
