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
func (a Acceptance) Figure() (Figure, error) {
	const title = "TBT acceptance: deadlines met by 99 % of requests"
	if len(a.Deadlines) == 0 {
		return Figure{title, a.Subtitle, nothing("no request has two tokens")}, nil
	}
	points := make(plotter.XYs, len(a.Deadlines))
	for i := range points {
		points[i] = plotter.XY{X: a.Deadlines[i] * 1e3, Y: a.Shares[i]}
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return Figure{}, fmt.Errorf("plot %q: %w", title, err)
	}
	line.LineStyle = draw.LineStyle{Color: blue(), Width: 2}
	p := newPlot("TBT deadline (ms)", "1 - P99 of the deadline miss rate")
	p.Add(line, crossing{a})
	p.X.Min, p.X.Max = 0, a.Deadlines[len(a.Deadlines)-1]*1e3
	p.Y.Min, p.Y.Max = 0, 1
	p.X.Tick.Marker, p.Y.Tick.Marker = evenTicks(p.X.Max), shareTicks()
	return Figure{title, a.Subtitle, p.Draw}, nil
}

// crossing marks where the curve reaches the level: one over the fluid token rate.
type crossing struct{ a Acceptance }

// Plot implements plot.Plotter.
func (m crossing) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	level := y(m.a.Level)
	c.StrokeLine2(dashed(grey()), c.Min.X, level, c.Max.X, level)
	style := textStyle(textSize, ink())
	c.FillText(textStyle(textSize, grey()), vg.Point{X: c.Min.X + 4, Y: level + 3}, "fluid: "+plain(m.a.Level*100)+" %")
	if m.a.Rate == nil {
		return
	}
	deadline := 1 / *m.a.Rate
	label := fmt.Sprintf("fluid token rate %s tok/s: one token every %s", term.Number(*m.a.Rate), term.Seconds(deadline))
	ms := deadline * 1e3
	if ms > p.X.Max {
		style.XAlign = draw.XRight
		c.FillText(style, vg.Point{X: c.Max.X - 4, Y: level - textSize - 5}, label+", right of this picture")
		return
	}
	at := vg.Point{X: x(ms), Y: level}
	c.StrokeLine2(dashed(vermillion()), at.X, c.Min.Y, at.X, at.Y)
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: vermillion(), Radius: 4, Shape: draw.CircleGlyph{}}, at)
	offset := vg.Length(8)
	if ms > p.X.Max*0.5 {
		style.XAlign, offset = draw.XRight, -8
	}
	c.FillText(style, vg.Point{X: at.X + offset, Y: c.Min.Y + 8}, label)
}
