package plot

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Fit is measurements of times beside the model that was fitted to them, on logarithmic
// axes.
type Fit struct {
	Title, Subtitle, XLabel, YLabel string

	Measured []Span
	Between  string // what their bars are: "95 % interval"

	Model     Curve     // dashed where X is not
	From, To  float64   // what was measured
	Low, High []float64 // of the model's interval, at the same X; nil: there is none
	Others    []Curve   // to hold against it
}

// Span is a measurement of Y at X, from Low to High.
type Span struct{ X, Low, Y, High float64 }

// Figure draws them.
func (f Fit) Figure(s Style) (Figure, error) {
	l := s.look()
	if len(f.Model.X) == 0 {
		return l.nothing(f.Title, f.Subtitle, "nothing to draw"), nil
	}
	p := l.newPlot(f.XLabel, f.YLabel)
	solid, guessed := l.curve(0), l.dashed(l.colour(0))
	var names []keyEntry
	if len(f.Measured) > 0 {
		names = append(names, keyEntry{label: "measured: median and " + f.Between, line: spans{look: l}.bar(), dot: l.dot(l.ink)})
	}
	fitted := keyEntry{label: f.Model.Name, line: solid}
	if f.Low != nil {
		fitted.area, fitted.label = tint(l.colour(0), 0x48), f.Model.Name+" and 95 % interval"
		band, err := plotter.NewPolygon(f.outline())
		if err != nil {
			return Figure{}, err
		}
		band.Color, band.LineStyle = fitted.area, draw.LineStyle{}
		p.Add(band)
	}
	names = append(names, fitted, keyEntry{label: "extrapolated", line: guessed})
	p.Add(&plotter.Line{XYs: f.model(0, math.Inf(1)), LineStyle: guessed}, &plotter.Line{XYs: f.model(f.From, f.To), LineStyle: solid})
	for i, c := range f.Others {
		line := &plotter.Line{XYs: Lines{LogX: true, LogY: true}.points(c), LineStyle: l.curve(i + 1)}
		if c.Step {
			line.StepStyle = plotter.MidStep
		}
		p.Add(line)
		names = append(names, keyEntry{label: c.Name, line: line.LineStyle})
	}
	p.Add(spans{f.Measured, l})
	Lines{LogX: true, LogY: true}.axes(p, l)
	p.Y.Tick.Marker = l.logTicks(p.Y.Min, p.Y.Max) // of times
	return Figure{look: l, title: f.Title, subtitle: f.Subtitle, body: func(c draw.Canvas) {
		l.key(&c, names)
		p.Draw(c)
	}}, nil
}

// outline is the model's interval, forth along its low end and back along its high one.
func (f Fit) outline() (points plotter.XYs) {
	for i, low := range f.Low {
		points = append(points, plotter.XY{X: f.Model.X[i], Y: low})
	}
	for i := len(f.High) - 1; i >= 0; i-- {
		points = append(points, plotter.XY{X: f.Model.X[i], Y: f.High[i]})
	}
	return points
}

// model is the part of it from one X to another.
func (f Fit) model(from, to float64) (points plotter.XYs) {
	for i, x := range f.Model.X {
		if x >= from && x <= to {
			points = append(points, plotter.XY{X: x, Y: f.Model.Y[i]})
		}
	}
	return points
}

// spans are dots with a bar.
type spans struct {
	all  []Span
	look look
}

func (s spans) bar() draw.LineStyle {
	return draw.LineStyle{Color: s.look.ink, Width: 0.5 * s.look.stroke}
}

// Plot implements plot.Plotter.
func (s spans) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	bar, dot := s.bar(), s.look.dot(s.look.ink)
	for _, v := range s.all {
		c.StrokeLine2(bar, x(v.X), y(v.Low), x(v.X), y(v.High))
		c.DrawGlyph(dot, vg.Point{X: x(v.X), Y: y(v.Y)})
	}
}

// DataRange implements plot.DataRanger.
func (s spans) DataRange() (xmin, xmax, ymin, ymax float64) {
	var ends plotter.XYs
	for _, v := range s.all {
		ends = append(ends, plotter.XY{X: v.X, Y: v.Low}, plotter.XY{X: v.X, Y: v.High})
	}
	return plotter.XYRange(ends)
}
