package plot

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"metron/internal/term"
)

// Bands shows how the percentiles of a time in seconds go with a number, both axes
// logarithmic, and a model of it.
type Bands struct {
	Title    string
	Subtitle string
	XLabel   string
	YLabel   string
	Points   []Percentiles // by X, ascending
	Model    *ModelCurve   // nil: none
}

// Percentiles are those of the values about one X.
type Percentiles struct {
	X                       float64
	P10, P25, P50, P75, P90 float64
	P99                     float64
}

// ModelCurve is what a model says, and between what it may lie.
type ModelCurve struct {
	Name      string
	BandName  string // "": no band
	X, Y      []float64
	Low, High []float64
}

// Figure draws the bands.
func (b Bands) Figure(s Style) (Figure, error) {
	l := s.look()
	var usable []Percentiles
	for _, p := range b.Points {
		if p.X > 0 && p.P10 > 0 {
			usable = append(usable, p)
		}
	}
	if len(usable) < 2 {
		return l.nothing(b.Title, b.Subtitle, "too few lengths to tell one from another"), nil
	}
	b.Points = usable
	p := l.newPlot(b.XLabel, b.YLabel)
	p.X.Scale, p.Y.Scale = logScale{}, logScale{}
	var key []keyEntry
	for _, band := range []struct {
		label     string
		low, high func(Percentiles) float64
		alpha     uint8
	}{
		{"p10 to p90", func(p Percentiles) float64 { return p.P10 }, func(p Percentiles) float64 { return p.P90 }, 0x38},
		{"p25 to p75", func(p Percentiles) float64 { return p.P25 }, func(p Percentiles) float64 { return p.P75 }, 0x60},
	} {
		var low, high plotter.XYs
		for _, q := range b.Points {
			low, high = append(low, plotter.XY{X: q.X, Y: band.low(q)}), append(high, plotter.XY{X: q.X, Y: band.high(q)})
		}
		area, err := between(low, high)
		if err != nil {
			return Figure{}, fmt.Errorf("plot %q: %w", b.Title, err)
		}
		area.Color = tint(l.colour(0), band.alpha)
		p.Add(area)
		key = append(key, keyEntry{label: band.label, area: area.Color})
	}
	for _, line := range []struct {
		label string
		of    func(Percentiles) float64
		style draw.LineStyle
	}{
		{"p50", func(p Percentiles) float64 { return p.P50 }, l.curve(0)},
		{"p99", func(p Percentiles) float64 { return p.P99 }, l.thin(l.colour(0))},
	} {
		var points plotter.XYs
		for _, q := range b.Points {
			points = append(points, plotter.XY{X: q.X, Y: line.of(q)})
		}
		curve, err := plotter.NewLine(points)
		if err != nil {
			return Figure{}, fmt.Errorf("plot %q: %w", b.Title, err)
		}
		curve.LineStyle = line.style
		p.Add(curve)
		key = append(key, keyEntry{label: line.label, line: line.style})
	}
	if b.Model != nil {
		more, err := b.Model.add(p, l)
		if err != nil {
			return Figure{}, fmt.Errorf("plot %q: %w", b.Title, err)
		}
		key = append(key, more...)
	}
	p.X.Min, p.X.Max = roomAround(p.X.Min, p.X.Max)
	p.Y.Min, p.Y.Max = roomAround(p.Y.Min, p.Y.Max)
	x := l.logTicks(p.X.Min, p.X.Max)
	x.labels = term.Number
	p.X.Tick.Marker, p.Y.Tick.Marker = x, l.logTicks(p.Y.Min, p.Y.Max)
	return Figure{look: l, title: b.Title, subtitle: b.Subtitle, body: func(c draw.Canvas) {
		l.key(&c, key)
		p.Draw(c)
	}}, nil
}

// add draws the model, and gives its words in the key.
func (m *ModelCurve) add(p *plot.Plot, l look) (key []keyEntry, err error) {
	var middle, low, high plotter.XYs
	for i, x := range m.X {
		middle = append(middle, plotter.XY{X: x, Y: m.Y[i]})
		if m.BandName != "" {
			low, high = append(low, plotter.XY{X: x, Y: m.Low[i]}), append(high, plotter.XY{X: x, Y: m.High[i]})
		}
	}
	style := l.curve(1)
	key = append(key, keyEntry{label: m.Name, line: style})
	if m.BandName != "" {
		area, err := between(low, high)
		if err != nil {
			return nil, err
		}
		area.Color = tint(l.colour(1), 0x50)
		p.Add(area)
		key = append(key, keyEntry{label: m.BandName, area: area.Color})
	}
	line, err := plotter.NewLine(middle)
	if err != nil {
		return nil, err
	}
	line.LineStyle = style
	p.Add(line)
	return key, nil
}

// between is the area between two curves over the same X.
func between(low, high plotter.XYs) (*plotter.Polygon, error) {
	outline := append(plotter.XYs{}, low...)
	for i := len(high) - 1; i >= 0; i-- {
		outline = append(outline, high[i])
	}
	area, err := plotter.NewPolygon(outline)
	if err != nil {
		return nil, err
	}
	area.LineStyle.Width = 0
	return area, nil
}
