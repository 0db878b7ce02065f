package plot

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// bins is a series of a number a bin of time, drawn in steps. NaN is a hole; on a
// logarithmic axis so is what is not above 0.
type bins struct {
	values []float64
	fromS  float64
	stepS  float64
	line   draw.LineStyle
	halo   draw.LineStyle // beneath the line; Width 0: none
	area   bool           // down to the axis
	jump   vg.Length      // the highest step that has an upright; 0: all have
}

// Plot implements plot.Plotter.
func (b bins) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	_, logarithmic := p.Y.Scale.(logScale)
	hole := func(v float64) bool { return math.IsNaN(v) || logarithmic && v <= 0 }
	for from := 0; from < len(b.values); {
		if hole(b.values[from]) {
			from++
			continue
		}
		var steps []vg.Point
		i := from
		for ; i < len(b.values) && !hole(b.values[i]); i++ {
			at, n := y(b.values[i]), len(steps)
			if n > 0 && steps[n-1].Y == at { // a flat stretch is one line
				steps[n-1].X = x(b.fromS + float64(i+1)*b.stepS)
				continue
			}
			if n > 0 && b.jump > 0 && max(at-steps[n-1].Y, steps[n-1].Y-at) > b.jump {
				break
			}
			steps = append(steps, vg.Point{X: x(b.fromS + float64(i)*b.stepS), Y: at}, vg.Point{X: x(b.fromS + float64(i+1)*b.stepS), Y: at})
		}
		from = i
		if b.area {
			under := append([]vg.Point{{X: steps[0].X, Y: c.Min.Y}}, steps...)
			c.FillPolygon(tint(b.line.Color, 0x40), append(under, vg.Point{X: steps[len(steps)-1].X, Y: c.Min.Y}))
		}
		if b.halo.Width > 0 {
			c.StrokeLines(b.halo, steps)
		}
		c.StrokeLines(b.line, steps)
	}
}
