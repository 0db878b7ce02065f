package plot

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// keyEntry is a word of the key: what a line, an area or a dot stands for.
type keyEntry struct {
	label string
	line  draw.LineStyle  // Color nil: no line
	area  color.Color     // nil: no area
	dot   draw.GlyphStyle // Shape nil: no dot

	pattern *pattern // nil: no area that has one
}

// key draws the legend as lines of their own above the plot, where it hides nothing, and
// takes their room from the canvas.
func (l look) key(c *draw.Canvas, entries []keyEntry) {
	sample, pad := 2*l.text, 0.4*l.text
	style := letters(l.small, l.ink)
	x, y := c.Min.X, c.Max.Y-0.6*l.text
	for i, e := range entries {
		wide := sample + pad + style.Width(e.label)
		if i > 0 && x+wide > c.Max.X {
			x, y = c.Min.X, y-1.4*l.small
		}
		middle := y + 0.35*l.small
		if e.area != nil {
			low, high := y-0.1*l.small, y+0.8*l.small
			c.FillPolygon(e.area, []vg.Point{{X: x, Y: low}, {X: x + sample, Y: low}, {X: x + sample, Y: high}, {X: x, Y: high}})
		}
		if e.pattern != nil {
			e.pattern.fill(c, box(x, y-0.1*l.small, x+sample, y+0.8*l.small))
		}
		if e.line.Color != nil {
			c.StrokeLine2(e.line, x, middle, x+sample, middle)
		}
		if e.dot.Shape != nil {
			c.DrawGlyphNoClip(e.dot, vg.Point{X: x + sample/2, Y: middle})
		}
		c.FillText(style, vg.Point{X: x + sample + pad, Y: y}, e.label)
		x += wide + 1.5*l.text
	}
	if len(entries) > 0 {
		c.Max.Y = y - l.text
	}
}
