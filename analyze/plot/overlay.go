package plot

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"metron/internal/term"
)

// Overlay is the distributions of times in two runs over each other, and beside them how
// much each percentile changed.
type Overlay struct {
	Title    string
	Subtitle string
	XLabel   string
	A, B     Side
	Changes  []Change // from the lowest percentile up
}

// Side is the distribution of one run.
type Side struct {
	Name   string
	Values iter.Seq2[float64, int64] // each value, in seconds, and how often, in ascending order
	Count  int64
}

// Change is the change of a percentile from A to B, as a share of A.
type Change struct {
	Name      string // "p99"
	Share     float64
	Low, High *float64 // where it lies with 95 % confidence; nil: not known
	Shown     bool     // chance does not explain it
}

// Figure draws the distributions.
func (o Overlay) Figure(s Style) (Figure, error) {
	l := s.look()
	a, zeroA := CDF{Values: o.A.Values, Count: o.A.Count}.points()
	b, zeroB := CDF{Values: o.B.Values, Count: o.B.Count}.points()
	if len(a) == 0 || len(b) == 0 {
		return l.nothing(o.Title, o.Subtitle, "a run has no value above 0"), nil
	}
	low, high := min(a[0].X, b[0].X)/1.1, max(a[len(a)-1].X, b[len(b)-1].X)*1.1
	p := l.newPlot(o.XLabel, "share at or below")
	curves := []plotter.XYs{wholeSteps(a, zeroA, low, high), wholeSteps(b, zeroB, low, high)}
	p.Add(gap{curves[0], curves[1], l})
	var names []keyEntry
	for i, curve := range curves {
		line, err := plotter.NewLine(curve)
		if err != nil {
			return Figure{}, fmt.Errorf("plot %q: %w", o.Title, err)
		}
		line.StepStyle, line.LineStyle = plotter.PostStep, l.curve(i)
		p.Add(line)
		names = append(names, keyEntry{label: []string{o.A.Name, o.B.Name}[i], line: l.curve(i)})
	}
	p.X.Scale = logScale{}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, 0, 1
	p.X.Tick.Marker, p.Y.Tick.Marker = l.fewer(5).logTicks(low, high), shareTicks()
	rows := [][]*plot.Plot{{p}}
	if len(o.Changes) > 0 {
		names = append(names, keyEntry{label: "difference, with its 95 % interval", area: l.wait})
		if slices.ContainsFunc(o.Changes, func(c Change) bool { return !c.Shown }) {
			names = append(names, keyEntry{label: "may be chance", dot: l.hollow(l.ink)})
		}
		if changes := o.changes(l); l.column {
			rows = append(rows, []*plot.Plot{changes})
		} else {
			rows[0] = append(rows[0], changes)
		}
	}
	return Figure{look: l, title: o.Title, subtitle: o.Subtitle, tall: 1.7, body: func(c draw.Canvas) {
		l.key(&c, names)
		l.panels(c, 0.5*l.text, rows)
	}}, nil
}

// wholeSteps is a distribution from one end of the axis to the other.
func wholeSteps(points plotter.XYs, zero, low, high float64) plotter.XYs {
	whole := append(plotter.XYs{{X: low, Y: zero}}, points...)
	return append(whole, plotter.XY{X: high, Y: 1})
}

// gap is the area between two distributions.
type gap struct {
	a, b plotter.XYs
	l    look
}

// Plot implements plot.Plotter.
func (g gap) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	steps := func(points plotter.XYs) (out []vg.Point) {
		for i, at := range points {
			if i > 0 {
				out = append(out, vg.Point{X: x(at.X), Y: y(points[i-1].Y)})
			}
			out = append(out, vg.Point{X: x(at.X), Y: y(at.Y)})
		}
		return out
	}
	back := steps(g.b)
	slices.Reverse(back)
	c.FillPolygon(g.l.wait, append(steps(g.a), back...))
}

// changes is the panel of the percentiles: where each change lies, and whether it shows.
func (o Overlay) changes(l look) *plot.Plot {
	p := l.newPlot("percentile", "change of the percentile")
	n := len(o.Changes)
	low, high := 0.0, 0.0
	var marks plot.ConstantTicks
	for i, one := range o.Changes {
		marks = append(marks, plot.Tick{Value: float64(i), Label: one.Name})
		for _, v := range []*float64{&one.Share, one.Low, one.High} {
			if v != nil && !math.IsInf(*v, 0) && !math.IsNaN(*v) {
				low, high = min(low, *v), max(high, *v)
			}
		}
	}
	room := max(0.08*(high-low), 0.005)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5, low-room, high+room
	t := roundTicks(p.Y.Min, p.Y.Max)
	t.labels = func(v float64) string {
		label := term.Number(math.Round(v*1e4)/100) + " %"
		if v > 0 {
			return "+" + label
		}
		return label
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = marks, t
	p.Add(changesOf{o.Changes, l})
	return p
}

type changesOf struct {
	list []Change
	l    look
}

// Plot implements plot.Plotter.
func (o changesOf) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	c.StrokeLine2(draw.LineStyle{Color: o.l.ink, Width: 0.4 * o.l.stroke}, c.Min.X, y(0), c.Max.X, y(0))
	var line []vg.Point
	for i, one := range o.list { // the band first: lines lie on it
		line = append(line, vg.Point{X: x(float64(i)), Y: y(one.Share)})
		if i == 0 {
			continue
		}
		if before := o.list[i-1]; before.Low != nil && before.High != nil && one.Low != nil && one.High != nil {
			c.FillPolygon(o.l.wait, []vg.Point{{X: x(float64(i - 1)), Y: y(*before.Low)}, {X: x(float64(i)), Y: y(*one.Low)},
				{X: x(float64(i)), Y: y(*one.High)}, {X: x(float64(i - 1)), Y: y(*before.High)}})
		}
	}
	c.StrokeLines(o.l.curve(1), line)
	for i, one := range o.list {
		if one.Low != nil && one.High != nil {
			o.l.whisker(&c, x(float64(i)), y(*one.Low), y(*one.High))
		}
		c.DrawGlyphNoClip(o.l.dot(o.l.ground), line[i])
		if one.Shown {
			c.DrawGlyphNoClip(o.l.dot(o.l.colour(1)), line[i])
		} else {
			c.DrawGlyphNoClip(o.l.hollow(o.l.colour(1)), line[i])
		}
	}
}
