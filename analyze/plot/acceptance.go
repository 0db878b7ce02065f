package plot

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"metron/internal/term"
)

// Acceptance is the TBT acceptance curve: how many of their deadlines all but
// the worst hundredth of the requests meet, for each TBT deadline.
type Acceptance struct {
	Subtitle  string
	Deadlines []float64 // seconds, ascending
	Shares    []float64
	Level     float64  // from which a request is fluid
	Rate      *float64 // fluid token generation rate, tokens a second; nil: unknown
}

// Figure draws the curve.
func (a Acceptance) Figure(s Style) (Figure, error) {
	l := s.look()
	const title = "TBT acceptance: deadlines met by 99 % of requests"
	if len(a.Deadlines) == 0 {
		return l.nothing(title, a.Subtitle, "no request has two tokens"), nil
	}
	points := make(plotter.XYs, len(a.Deadlines))
	for i := range points {
		points[i] = plotter.XY{X: a.Deadlines[i] * 1e3, Y: a.Shares[i]}
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return Figure{}, fmt.Errorf("plot %q: %w", title, err)
	}
	line.LineStyle = l.curve(0)
	p := l.newPlot("TBT deadline (ms)", "1 - P99 of the deadline miss rate")
	p.Add(line, crossing{a, l})
	p.X.Min, p.X.Max = 0, a.Deadlines[len(a.Deadlines)-1]*1e3
	p.Y.Min, p.Y.Max = 0, 1
	p.X.Tick.Marker, p.Y.Tick.Marker = evenTicks(p.X.Max), shareTicks(a.Level)
	return Figure{look: l, title: title, subtitle: a.Subtitle, body: p.Draw}, nil
}

// crossing marks where the curve reaches the level: one over the fluid token rate.
type crossing struct {
	a Acceptance
	l look
}

// Plot implements plot.Plotter.
func (m crossing) Plot(c draw.Canvas, p *plot.Plot) {
	l := m.l
	x, y := p.Transforms(&c)
	level := y(m.a.Level)
	c.StrokeLine2(l.dashed(l.grey), c.Min.X, level, c.Max.X, level)
	if m.a.Rate == nil {
		return
	}
	deadline := 1 / *m.a.Rate
	ms := deadline * 1e3
	label := fmt.Sprintf("fluid token rate %s tok/s; one token every %s", term.Number(*m.a.Rate), term.Seconds(deadline))
	if ms > p.X.Max {
		label += ", right of this picture"
	} else {
		at := vg.Point{X: x(ms), Y: level}
		c.StrokeLine2(l.dashed(l.accent), at.X, c.Min.Y, at.X, at.Y)
		c.DrawGlyphNoClip(l.dot(l.accent), at)
	}
	// The curve rises from the lower left through the crossing to the upper right:
	// below the level there is room on the wider side of it.
	style := letters(l.text, l.ink)
	from, to := c.Min.X+0.5*l.text, min(x(ms)-0.5*l.text, c.Max.X)
	if ms <= p.X.Max/2 {
		from, to = x(ms)+0.8*l.text, c.Max.X
	}
	for i, line := range lines(label, style, to-from) {
		c.FillText(style, vg.Point{X: from, Y: level - l.text*vg.Length(1.3+1.25*float64(i))}, line)
	}
}
