package plot

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// disc is a filled circle of four curves.
//
// Note: draw.CircleGlyph is an arc, which gonum's PDF draws with a spike.
type disc struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (disc) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	const bend = 0.5523 // how far the controls of a quarter of a circle lie
	r := s.Radius
	to := func(x, y vg.Length) vg.Point { return vg.Point{X: at.X + x*r, Y: at.Y + y*r} }
	var p vg.Path
	p.Move(to(1, 0))
	p.CubeTo(to(1, bend), to(bend, 1), to(0, 1))
	p.CubeTo(to(-bend, 1), to(-1, bend), to(-1, 0))
	p.CubeTo(to(-1, -bend), to(-bend, -1), to(0, -1))
	p.CubeTo(to(bend, -1), to(1, -bend), to(1, 0))
	p.Close()
	c.SetColor(s.Color)
	c.Fill(p)
}
