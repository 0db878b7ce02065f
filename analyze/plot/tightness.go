package plot

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Tightness is goodput against how tight an SLO is: every one of its times is multiplied by
// a factor (DistServe, arXiv 2401.09670, draws attainment so).
type Tightness struct {
	Subtitle string
	Curves   []TightnessCurve
}

// TightnessCurve is one SLO, or one run.
type TightnessCurve struct {
	Name   string
	Scales []float64 // above 0, ascending; 1 is the SLO itself
	Shares []float64 // of the requests that are good
	PerS   []float64 // good requests a second; nil: not known
	Target float64   // the share that the SLO asks for
}

// Figure draws the shares and, beside them, the good requests a second.
func (t Tightness) Figure(s Style) (Figure, error) {
	l := s.look()
	const title = "Goodput against SLO tightness"
	if len(t.Curves) == 0 {
		return l.nothing(title, t.Subtitle, "no request was judged"), nil
	}
	shares, rates := l.newPlot("SLO scale", "share of requests that are good"), l.newPlot("SLO scale", "good requests/s")
	shares.Add(upright{1, l.dashed(l.grey)})
	rates.Add(upright{1, l.dashed(l.grey)})
	low, high, most := 1.0, 1.0, 0.0
	var names []keyEntry
	for i, one := range t.Curves {
		for _, side := range []struct {
			p      *plot.Plot
			values []float64
		}{{shares, one.Shares}, {rates, one.PerS}} {
			points := make(plotter.XYs, len(side.values))
			for j, v := range side.values {
				points[j] = plotter.XY{X: one.Scales[j], Y: v}
				low, high = min(low, one.Scales[j]), max(high, one.Scales[j])
			}
			if len(points) == 0 {
				continue
			}
			line, err := plotter.NewLine(points)
			if err != nil {
				return Figure{}, fmt.Errorf("plot %q: %w", title, err)
			}
			line.LineStyle = l.curve(i)
			side.p.Add(line)
		}
		for _, v := range one.PerS {
			most = max(most, v)
		}
		shares.Add(crossings{one, i, l})
		label := one.Name
		if at, ok := one.reaches(); ok {
			label += fmt.Sprintf(": %s at %s×", plain(one.Target*100)+" %", plain(math.Round(at*100)/100))
		} else {
			label += ": below " + plain(one.Target*100) + " %"
		}
		names = append(names, keyEntry{label: label, line: l.curve(i)})
	}
	for _, p := range []*plot.Plot{shares, rates} {
		p.X.Scale = logScale{}
		p.X.Min, p.X.Max = low, high
		p.X.Tick.Marker = scaleTicks(low, high)
	}
	if most == 0 {
		most = 1
	}
	shares.Y.Min, shares.Y.Max, shares.Y.Tick.Marker = 0, 1, shareTicks()
	rates.Y.Min, rates.Y.Max, rates.Y.Tick.Marker = 0, 1.05*most, evenTicks(1.05*most)
	rows := [][]*plot.Plot{{shares, rates}}
	if l.column {
		rows = [][]*plot.Plot{{shares}, {rates}}
	}
	return Figure{look: l, title: title, subtitle: t.Subtitle, tall: 1.7, body: func(c draw.Canvas) {
		l.key(&c, names)
		l.panels(c, 0.5*l.text, rows)
	}}, nil
}

// reaches is the tightest scale at which the target is met.
func (t TightnessCurve) reaches() (float64, bool) {
	for i, v := range t.Shares {
		if v >= t.Target {
			return t.Scales[i], true
		}
	}
	return 0, false
}

// crossings marks the target of a curve, and where it is reached first.
type crossings struct {
	TightnessCurve
	series int
	l      look
}

// Plot implements plot.Plotter.
func (t crossings) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	c.StrokeLine2(t.l.dashed(t.l.grey), c.Min.X, y(t.Target), c.Max.X, y(t.Target))
	if at, ok := t.reaches(); ok {
		for i, scale := range t.Scales {
			if scale == at {
				c.DrawGlyphNoClip(t.l.dot(t.l.colour(t.series)), vg.Point{X: x(at), Y: y(t.Shares[i])})
			}
		}
	}
}

// upright is a dashed line from bottom to top.
type upright struct {
	x    float64
	line draw.LineStyle
}

// Plot implements plot.Plotter.
func (u upright) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	c.StrokeLine2(u.line, x(u.x), c.Min.Y, x(u.x), c.Max.Y)
}

// scaleTicks marks the powers of 2.
func scaleTicks(low, high float64) ticks {
	t := ticks{labels: func(v float64) string { return plain(v) + "×" }}
	for v := math.Exp2(math.Floor(math.Log2(low))); v <= high; v *= 2 {
		t.at = append(t.at, v)
	}
	return t
}
