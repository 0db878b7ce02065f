package plot

import (
	"fmt"
	"iter"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ShareCDF is a cumulative distribution of shares of 1.
type ShareCDF struct {
	Title    string
	Subtitle string
	XLabel   string
	Values   iter.Seq[float64] // ascending
	Count    int64
	Marks    []Mark
	Target   float64 // the share to hold them against
	AtTarget float64 // how many lie at or below it
}

// Figure draws the distribution.
func (d ShareCDF) Figure(s Style) (Figure, error) {
	l := s.look()
	if d.Count == 0 {
		return l.nothing(d.Title, d.Subtitle, "no value"), nil
	}
	// Of the values in one column of the picture the last is kept.
	var points plotter.XYs
	seen, column := int64(0), -1
	for v := range d.Values {
		seen++
		if at := int(v * maxPoints); at != column {
			points, column = append(points, plotter.XY{}), at
		}
		points[len(points)-1] = plotter.XY{X: v, Y: float64(seen) / float64(d.Count)}
	}
	most := points[len(points)-1].X
	high := 1.05 * most
	// A long tail would leave no room for what matters.
	if n := len(d.Marks); n > 0 && high > 2*max(d.Target, d.Marks[n-1].Value) {
		high = 2 * d.Marks[n-1].Value
	}
	high = max(high, 2*d.Target, 0.01)
	for _, m := range d.Marks { // room for the label of the last
		share := float64(letters(l.text, l.ink).Width(m.Label+"  "+percent(m.Value))+l.text) / float64(0.8*l.width)
		high = max(high, m.Value/(1-share))
	}
	curve := append(plotter.XYs{{X: 0, Y: 0}}, points...)
	line, err := plotter.NewLine(append(curve, plotter.XY{X: max(most, high), Y: 1}))
	if err != nil {
		return Figure{}, fmt.Errorf("plot %q: %w", d.Title, err)
	}
	line.StepStyle, line.LineStyle = plotter.PostStep, l.curve(0)
	p := l.newPlot(d.XLabel, "share of requests at or below")
	p.Add(target{d, l}, line)
	for _, m := range d.Marks {
		p.Add(shareMark{m, l})
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, high, 0, 1
	x := evenTicks(100 * min(high, 1))
	for i := range x.at {
		x.at[i] /= 100
	}
	x.labels = shareTicks().labels
	p.X.Tick.Marker, p.Y.Tick.Marker = x, shareTicks()
	subtitle := d.Subtitle
	if most > high {
		subtitle += "; the highest, " + percent(most) + ", lies right of this picture"
	}
	return Figure{look: l, title: d.Title, subtitle: subtitle, body: p.Draw}, nil
}

// target is the line of the share that values are held against.
type target struct {
	d ShareCDF
	l look
}

// Plot implements plot.Plotter.
func (t target) Plot(c draw.Canvas, p *plot.Plot) {
	if t.d.Target <= 0 {
		return
	}
	x, _ := p.Transforms(&c)
	at := x(t.d.Target)
	c.StrokeLine2(t.l.dashed(t.l.accent), at, c.Min.Y, at, c.Max.Y)
	label := fmt.Sprintf("%s of the requests miss at most %s", percent(t.d.AtTarget), percent(t.d.Target))
	style, room := letters(t.l.text, t.l.ink), c.Max.X-at-t.l.text
	words := lines(label, style, room)
	for i, line := range words { // in the corner below the curve
		c.FillText(style, vg.Point{X: at + 0.5*t.l.text, Y: c.Min.Y + t.l.text*vg.Length(0.6+1.25*float64(len(words)-1-i))}, line)
	}
}

// shareMark points at a percentile.
type shareMark struct {
	m Mark
	l look
}

// Plot implements plot.Plotter.
func (k shareMark) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := vg.Point{X: x(k.m.Value), Y: y(k.m.Share)}
	c.DrawGlyphNoClip(k.l.dot(k.l.accent), at)
	style := letters(k.l.text, k.l.ink)
	label := k.m.Label + "  " + percent(k.m.Value)
	at = vg.Point{X: at.X + 0.65*k.l.text, Y: at.Y - 1.3*k.l.text}
	c.SetColor(k.l.ground)
	c.Fill(vg.Rectangle{Min: at, Max: vg.Point{X: at.X + style.Width(label), Y: at.Y + 0.8*k.l.text}}.Path())
	c.FillText(style, at, label)
}

func percent(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }
