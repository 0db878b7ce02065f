package plot

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// RunTimeline is a run on one axis of time: what was asked of the server, and how it did.
// Each series has a number a bin of time.
type RunTimeline struct {
	Subtitle string
	FromS    float64   // when the first bin begins
	StepS    float64   // length of a bin
	Arrivals []float64 // requests/s
	InFlight []float64 // on average over the bin
	Tokens   []float64 // tokens/s
	TTFTP50  []float64 // seconds, by the arrival; NaN: nothing was answered
	TTFTP99  []float64
	Errors   []float64 // requests/s that ended otherwise than ok
	Shades   []Shade
}

// Figure draws the series as panels above each other.
func (r RunTimeline) Figure(s Style) (Figure, error) {
	l := s.look()
	const title = "The run over time"
	if len(r.Arrivals) == 0 {
		return l.nothing(title, r.Subtitle, "no request was sent"), nil
	}
	panels := []timePanel{
		{name: "arrivals (requests/s)", curves: [][]float64{r.Arrivals}, area: true},
		{name: "in flight (requests)", curves: [][]float64{r.InFlight}, area: true},
		{name: "tokens/s", curves: [][]float64{r.Tokens}, area: true},
		{name: "TTFT p50 and p99", curves: [][]float64{r.TTFTP50, r.TTFTP99}, times: true},
		{name: "not ok (requests/s)", curves: [][]float64{r.Errors}, area: true, bad: true},
	}
	if last := &panels[len(panels)-1]; slices.Max(r.Errors) == 0 {
		last.name = "not ok: none"
	}
	return Figure{look: l, title: title, subtitle: r.Subtitle, tall: 1.7, body: func(c draw.Canvas) {
		l.key(&c, append([]keyEntry{{label: "TTFT p50", line: l.curve(0)}, {label: "TTFT p99", line: l.curve(1)}}, l.shadeKey(r.Shades)...))
		var plots []*plot.Plot
		for i := range panels {
			plots = append(plots, panels[i].plot(l, &r))
		}
		for i, tile := range l.stack(c, l.small, plots, "seconds after the first request") {
			at := vg.Point{X: plots[i].DataCanvas(tile).Min.X, Y: tile.Max.Y + 0.3*l.small}
			c.FillText(letters(l.small, l.ink), at, panels[i].name)
		}
	}}, nil
}

// timePanel is one panel of a run.
type timePanel struct {
	name   string
	curves [][]float64
	area   bool // the first curve is the edge of an area
	times  bool // seconds, over a logarithm
	bad    bool // of what should not be
}

func (t *timePanel) plot(l look, r *RunTimeline) *plot.Plot {
	p := l.newPlot("", "")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = r.FromS, r.FromS+float64(len(r.Arrivals))*r.StepS, 0, 1
	p.X.Tick.Marker, p.Y.Tick.Marker = roundTicks(p.X.Min, p.X.Max), fewTicks(1)
	p.Y.Tick.Label.Font.Size = l.small
	p.Add(shades{r.Shades, l})
	low, high := math.Inf(1), 0.0
	for i, values := range t.curves {
		for _, v := range values {
			if v > 0 {
				low, high = min(low, v), max(high, v)
			}
		}
		b := bins{values: values, fromS: r.FromS, stepS: r.StepS, line: l.curve(i), area: t.area}
		b.line.Width *= 0.6
		if t.bad {
			b.line.Color = l.accent
		}
		p.Add(b)
	}
	switch {
	case high == 0:
		p.Y.Tick.Marker = ticks{at: []float64{0}, labels: plain}
	case t.times:
		p.Y.Scale = logScale{}
		p.Y.Min, p.Y.Max = low/1.3, high*1.3
		p.Y.Tick.Marker = l.fewer(2).logTicks(p.Y.Min, p.Y.Max)
	default:
		p.Y.Max = 1.1 * high
		p.Y.Tick.Marker = fewTicks(high)
	}
	return p
}
