package plot

import (
	"fmt"
	"iter"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"metron/internal/term"
)

// maxPoints bounds a curve: more would not be seen, and would swell an SVG.
const maxPoints = 1000

// CDF is a cumulative distribution of times in seconds, drawn over a logarithmic
// axis.
type CDF struct {
	Title    string
	Subtitle string
	XLabel   string
	Values   iter.Seq2[float64, int64] // each value and how often, in ascending order
	Count    int64
	Marks    []Mark // percentiles to point at
}

// Mark is a percentile.
type Mark struct {
	Label string // "p99"
	Share float64
	Value float64
}

func (k Mark) text() string { return k.Label + "  " + term.Seconds(k.Value) }

// Figure draws the distribution. One with no value above 0 cannot be drawn over a
// logarithm: it says so instead.
func (d CDF) Figure(s Style) (Figure, error) {
	l := s.look()
	p, err := d.plot(l)
	if err != nil {
		return Figure{}, fmt.Errorf("plot %q: %w", d.Title, err)
	}
	if p == nil {
		return l.nothing(d.Title, d.Subtitle, "no value above 0"), nil
	}
	return Figure{look: l, title: d.Title, subtitle: d.Subtitle, body: p.Draw}, nil
}

// plot is the distribution without its title; nil where no value is above 0.
func (d CDF) plot(l look) (*plot.Plot, error) {
	points, zero := d.points()
	if len(points) == 0 {
		return nil, nil
	}
	low, high := points[0].X, points[len(points)-1].X
	// Room on both sides, so that a curve of one value is a step and not an edge, and
	// for the label of the last mark.
	low, high = low/math.Pow(high/low, 0.02)/1.05, high*math.Pow(high/low, 0.02)*1.05
	for _, k := range d.Marks {
		if k.Value > low {
			share := float64(letters(l.text, l.ink).Width(k.text())+l.text) / float64(0.8*l.width)
			high = max(high, k.Value*math.Pow(k.Value/low, share/(1-share)))
		}
	}
	curve := append(plotter.XYs{{X: low, Y: zero}}, points...)
	curve = append(curve, plotter.XY{X: high, Y: 1})
	line, err := plotter.NewLine(curve)
	if err != nil {
		return nil, err
	}
	line.StepStyle = plotter.PostStep
	line.LineStyle = l.curve(0)

	p := l.newPlot(d.XLabel, "share of values at or below")
	p.Add(line, marks{d.Marks, l})
	p.X.Scale = logScale{}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, 0, 1
	p.X.Tick.Marker, p.Y.Tick.Marker = l.logTicks(low, high), shareTicks()
	return p, nil
}

// points are the steps of the distribution above 0, at most maxPoints, and the share
// of the values at or below 0. Of the steps that fall into one column of the
// picture the last is kept.
func (d CDF) points() (points plotter.XYs, zero float64) {
	low, high := math.Inf(1), 0.0
	for v := range d.Values {
		if v > 0 {
			low, high = min(low, v), max(high, v)
		}
	}
	columns := math.Max(math.Log(high/low), 1e-9) / (maxPoints - 1)
	seen, last := int64(0), -1
	for v, n := range d.Values {
		seen += n
		share := float64(seen) / float64(d.Count)
		if v <= 0 {
			zero = share
			continue
		}
		if column := int(math.Log(v/low) / columns); column != last {
			points, last = append(points, plotter.XY{}), column
		}
		points[len(points)-1] = plotter.XY{X: v, Y: share}
	}
	return points, zero
}

// marks points at percentiles: a dot on the curve, a thread to the axis, a label.
type marks struct {
	list []Mark
	l    look
}

// Plot implements plot.Plotter.
func (m marks) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	l := m.l
	style := letters(l.text, l.ink)
	// Threads first: a label lies over the thread of its neighbour.
	thread := draw.LineStyle{Color: l.grey, Width: 0.4 * l.stroke, Dashes: []vg.Length{1.5 * l.stroke, 1.5 * l.stroke}}
	for _, k := range m.list {
		if k.Value >= p.X.Min {
			c.StrokeLine2(thread, x(k.Value), c.Min.Y, x(k.Value), y(k.Share))
		}
	}
	for _, k := range m.list {
		if k.Value < p.X.Min {
			continue // at or below 0: not on a logarithmic axis
		}
		at := vg.Point{X: x(k.Value), Y: y(k.Share)}
		c.DrawGlyphNoClip(l.dot(l.accent), at)
		label := k.text()
		corner := vg.Point{X: at.X + 0.65*l.text, Y: at.Y - 1.3*l.text}
		box := vg.Rectangle{Min: corner, Max: vg.Point{X: corner.X + style.Width(label), Y: corner.Y + 0.8*l.text}}
		c.SetColor(l.ground)
		c.Fill(box.Path())
		c.FillText(style, corner, label)
	}
}
