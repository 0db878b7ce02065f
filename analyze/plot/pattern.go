package plot

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// pattern is what fills an area: a colour, and lines that tell it apart where all colours
// are greys.
type pattern struct {
	area            color.Color
	line            draw.LineStyle // of the lines and of the edge; Color nil: neither
	rising, falling bool           // which way the lines go; both cross
	every           vg.Length      // from one line to the next
}

// bar is the filling of the series of a number.
func (l look) bar(series int) pattern {
	p := pattern{area: l.colour(series), line: draw.LineStyle{Color: l.colour(series), Width: 0.4 * l.stroke}, every: 0.5 * l.text}
	if series%4 == 0 {
		return p
	}
	p.area = tint(p.area, 0x55)
	p.rising, p.falling = series%4 != 2, series%4 != 1
	return p
}

// fill fills a rectangle.
func (p pattern) fill(c *draw.Canvas, r vg.Rectangle) {
	if p.area != nil {
		c.SetColor(p.area)
		c.Fill(r.Path())
	}
	if p.line.Color == nil {
		return
	}
	var lines vg.Path
	edge := r.Path()
	if p.rising {
		hatch(&lines, r, p.every)
	}
	if p.falling {
		var mirrored vg.Path
		hatch(&mirrored, vg.Rectangle{Min: vg.Point{X: -r.Max.X, Y: r.Min.Y}, Max: vg.Point{X: -r.Min.X, Y: r.Max.Y}}, p.every)
		for _, m := range mirrored {
			m.Pos.X = -m.Pos.X
			lines = append(lines, m)
		}
	}
	c.SetLineStyle(p.line)
	c.Stroke(append(lines, edge...))
}

// hatch adds lines that rise by 45 degrees, cut off at the edges of a rectangle.
func hatch(lines *vg.Path, r vg.Rectangle, every vg.Length) {
	first := vg.Length(int((r.Min.Y-r.Max.X)/every)) * every
	for k := first; k < r.Max.Y-r.Min.X; k += every { // y = x + k
		from, to := max(r.Min.X, r.Min.Y-k), min(r.Max.X, r.Max.Y-k)
		if from < to {
			lines.Move(vg.Point{X: from, Y: from + k})
			lines.Line(vg.Point{X: to, Y: to + k})
		}
	}
}

// box is a rectangle by its sides.
func box(left, bottom, right, top vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: right, Y: top}}
}

func corners(r vg.Rectangle) []vg.Point {
	return []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}}
}
