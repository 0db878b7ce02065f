package plot

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"metron/internal/term"
)

// Lines are curves over the same axes.
type Lines struct {
	Title    string
	Subtitle string
	XLabel   string
	YLabel   string
	Curves   []Curve // at most six are told apart
	LogX     bool    // values at or below 0 are not drawn
	LogY     bool
	Seconds  bool    // X is times, labelled with their units where it is logarithmic
	Shares   bool    // Y is shares of 1
	Level    float64 // a height to hold the curves against; 0: none
}

// Curve is a line through points of rising X.
type Curve struct {
	Name string
	X, Y []float64
	Step bool // it keeps its height until the next point
}

// Figure draws the curves.
func (l Lines) Figure(s Style) (Figure, error) {
	look := s.look()
	p := look.newPlot(l.XLabel, l.YLabel)
	var names []keyEntry
	empty := true
	for i, c := range l.Curves {
		points := l.points(c)
		if len(points) == 0 {
			continue
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return Figure{}, fmt.Errorf("plot %q: %w", l.Title, err)
		}
		line.LineStyle = look.curve(i)
		if c.Step {
			line.StepStyle = plotter.PostStep
		}
		p.Add(line)
		if len(l.Curves) > 1 {
			names = append(names, keyEntry{label: c.Name, line: line.LineStyle})
		}
		empty = false
	}
	if empty {
		return look.nothing(l.Title, l.Subtitle, "nothing to draw"), nil
	}
	l.axes(p, look)
	return Figure{look: look, title: l.Title, subtitle: l.Subtitle, body: func(c draw.Canvas) {
		look.key(&c, names)
		p.Draw(c)
	}}, nil
}

// points are those that can be drawn, at most maxPoints.
func (l Lines) points(c Curve) (points plotter.XYs) {
	each := (len(c.X) + maxPoints - 1) / maxPoints
	for i := range c.X {
		if (i%max(1, each) == 0 || i == len(c.X)-1) && !(l.LogX && c.X[i] <= 0) && !(l.LogY && c.Y[i] <= 0) {
			points = append(points, plotter.XY{X: c.X[i], Y: c.Y[i]})
		}
	}
	return points
}

// axes sets where they begin and end, and what is written at them.
func (l Lines) axes(p *plot.Plot, look look) {
	if l.Level > 0 {
		p.Add(level{l.Level, look.dashed(look.grey)})
		p.Y.Min, p.Y.Max = min(p.Y.Min, l.Level), max(p.Y.Max, l.Level)
	}
	scale := func(a *plot.Axis, logarithmic bool) {
		if !logarithmic {
			a.Min = 0
			a.Max = max(a.Max, a.Min+1e-9)
			a.Tick.Marker = evenTicks(a.Max)
			return
		}
		if a.Min, a.Max = a.Min/1.1, a.Max*1.1; a.Max < 2*a.Min {
			a.Min, a.Max = a.Min/2, a.Max*2
		}
		a.Scale = logScale{}
		t := look.logTicks(a.Min, a.Max)
		t.labels = term.Number
		a.Tick.Marker = t
	}
	scale(&p.X, l.LogX)
	scale(&p.Y, l.LogY)
	if l.LogX && l.Seconds {
		p.X.Tick.Marker = look.logTicks(p.X.Min, p.X.Max)
	}
	if l.Shares {
		p.Y.Min, p.Y.Max = 0, 1
		p.Y.Tick.Marker = shareTicks()
	} else if !l.LogY {
		p.Y.Max *= 1.05
	}
}

// level is a dashed line across the picture.
type level struct {
	y     float64
	style draw.LineStyle
}

// Plot implements plot.Plotter.
func (l level) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	c.StrokeLine2(l.style, c.Min.X, y(l.y), c.Max.X, y(l.y))
}
