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
	stepS  float64
	line   draw.LineStyle
	halo   draw.LineStyle // beneath the line; Width 0: none
	area   bool           // down to the axis
}

// Plot implements plot.Plotter.
func (b bins) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	_, logarithmic := p.Y.Scale.(plot.LogScale)
	hole := func(v float64) bool { return math.IsNaN(v) || logarithmic && v <= 0 }
	for from := 0; from < len(b.values); from++ {
		if hole(b.values[from]) {
			continue
		}
		var steps []vg.Point
		i := from
		for ; i < len(b.values) && !hole(b.values[i]); i++ {
			at := y(b.values[i])
			if n := len(steps); n > 0 && steps[n-1].Y == at { // a flat stretch is one line
				steps[n-1].X = x(float64(i+1) * b.stepS)
				continue
			}
			steps = append(steps, vg.Point{X: x(float64(i) * b.stepS), Y: at}, vg.Point{X: x(float64(i+1) * b.stepS), Y: at})
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

// shades fills the stretches of time that are not like the others.
type shades struct {
	list []Shade
	l    look
}

// Plot implements plot.Plotter.
func (s shades) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, one := range s.list {
		from, to := max(x(one.FromS), c.Min.X), min(x(one.ToS), c.Max.X)
		if from < to {
			s.l.shade(one.Kind).fill(&c, box(from, c.Min.Y, to, c.Max.Y))
		}
	}
}

// shadeKey are the kinds that there are.
func (l look) shadeKey(list []Shade) (out []keyEntry) {
	for _, kind := range []ShadeKind{ShadeLeftOut, ShadeSuspect, ShadeInvalid} {
		for _, one := range list {
			if one.Kind == kind {
				out = append(out, keyEntry{label: string(kind), pattern: new(l.shade(kind))})
				break
			}
		}
	}
	return out
}

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

// fewTicks marks 0 and one round number, for a low panel.
func fewTicks(high float64) ticks {
	step := math.Pow(10, math.Floor(math.Log10(high)))
	for _, factor := range []float64{5, 2} {
		if step*factor <= high {
			step *= factor
			break
		}
	}
	return ticks{at: []float64{0, step}, labels: short}
}

// fewLogTicks marks at most so many round times, where there are more decades every other.
func fewLogTicks(low, high float64, most int) (t ticks) {
	for _, steps := range [][]float64{{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 7}} {
		finer := ticks{labels: duration}
		for decade := math.Pow(10, math.Floor(math.Log10(low))); decade <= high; decade *= 10 {
			for _, s := range steps {
				if v := s * decade; v >= low && v <= high {
					finer.at = append(finer.at, v)
				}
			}
		}
		if len(t.at) > 0 && len(finer.at) > most {
			break
		}
		t = finer
	}
	for len(t.at) > most {
		for i := range len(t.at) / 2 {
			t.at[i] = t.at[2*i]
		}
		t.at = t.at[:len(t.at)/2]
	}
	return t
}

// short is a round number in little room: "20 k".
func short(v float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{" G", 1e9}, {" M", 1e6}, {" k", 1e3}} {
		if v >= unit.size {
			return plain(v/unit.size) + unit.name
		}
	}
	return plain(v)
}
