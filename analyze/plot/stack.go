package plot

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// stack draws plots above each other on one horizontal axis, and gives the canvas of each.
func (l look) stack(c draw.Canvas, head vg.Length, plots []*plot.Plot, label string) []draw.Canvas {
	x := plots[len(plots)-1].X
	var rows [][]*plot.Plot
	for _, p := range plots {
		p.Add(uprights{x.Tick.Marker, draw.LineStyle{Color: l.faint, Width: 0.3 * l.stroke}})
		p.X.Tick.Length, p.X.Tick.Marker = 0, plot.ConstantTicks{}
		rows = append(rows, []*plot.Plot{p})
	}
	c.Min.Y += 2.8 * l.text
	c.Max.X -= 0.8 * l.text // half of the last number
	tiles := l.panels(c, head, rows)
	last := plots[len(plots)-1].DataCanvas(tiles[len(tiles)-1])
	style := letters(l.text, l.ink)
	style.XAlign = draw.XCenter
	for _, t := range x.Tick.Marker.Ticks(x.Min, x.Max) {
		c.FillText(style, vg.Point{X: last.X(x.Norm(t.Value)), Y: last.Min.Y - 1.25*l.text}, t.Label)
	}
	c.FillText(style, vg.Point{X: last.Center().X, Y: last.Min.Y - 2.6*l.text}, label)
	return tiles
}

// uprights are the grid of an axis that stands elsewhere.
type uprights struct {
	at   plot.Ticker
	line draw.LineStyle
}

// Plot implements plot.Plotter.
func (u uprights) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, t := range u.at.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(u.line, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
	}
}
