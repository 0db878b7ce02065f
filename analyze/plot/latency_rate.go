package plot

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"metron/internal/term"
)

// LatencyRate is a latency against the rate of requests, the limit that it is held to, and
// the capacity that follows.
type LatencyRate struct {
	Title    string
	Subtitle string
	XLabel   string // "": requests/s
	YLabel   string // "TTFT"
	Curves   []RateCurve
	Limit    *RateLimit    // nil: none
	Capacity *RateInterval // nil: not known
}

// RateCurve is a percentile of the latency, or a target.
type RateCurve struct {
	Name   string
	Points []RatePoint
}

// RatePoint is one run, or several of a rate.
type RatePoint struct {
	Rate      float64
	Seconds   float64  // at or below 0 it is not drawn
	Low, High *float64 // where it lies with 95 % confidence; nil: not known
	Failed    bool     // the SLO did not hold: the dot is hollow
}

// RateLimit is what an SLO bounds the latency by.
type RateLimit struct {
	Name    string // "ttft.p99<=2s"
	Seconds float64
}

// RateInterval is a rate, and where it lies with 95 % confidence.
type RateInterval struct {
	Value     *float64
	Low, High *float64 // nil: no end is known on that side
}

// Figure draws the curves.
func (r LatencyRate) Figure(s Style) (Figure, error) {
	l := s.look()
	xLabel := r.XLabel
	if xLabel == "" {
		xLabel = "requests/s"
	}
	p := l.newPlot(xLabel, r.YLabel)
	p.Add(capacityBand{r.Capacity, l})
	var names []keyEntry
	low, high, fast := 0.0, 0.0, 0.0
	see := func(v float64) {
		if v > 0 && (low == 0 || v < low) {
			low = v
		}
		high = max(high, v)
	}
	for i, one := range r.Curves {
		points := slices.DeleteFunc(slices.Clone(one.Points), func(p RatePoint) bool { return !(p.Seconds > 0) })
		slices.SortStableFunc(points, func(a, b RatePoint) int { return cmp.Compare(a.Rate, b.Rate) })
		var line plotter.XYs
		for _, at := range points {
			line = append(line, plotter.XY{X: at.Rate, Y: at.Seconds})
			see(at.Seconds)
			for _, end := range []*float64{at.Low, at.High} {
				if end != nil {
					see(*end)
				}
			}
			fast = max(fast, at.Rate)
		}
		if len(line) == 0 {
			continue
		}
		drawn, err := plotter.NewLine(line)
		if err != nil {
			return Figure{}, fmt.Errorf("plot %q: %w", r.Title, err)
		}
		drawn.LineStyle = l.curve(i)
		p.Add(drawn, ratePoints{points, l.colour(i), l})
		names = append(names, keyEntry{label: one.Name, line: l.curve(i), dot: l.dot(l.colour(i))})
	}
	if len(names) == 0 {
		return l.nothing(r.Title, r.Subtitle, "no run has a latency"), nil
	}
	if r.Limit != nil {
		see(r.Limit.Seconds)
		p.Add(rateLimit{*r.Limit, l})
	}
	if c := r.Capacity; c != nil {
		for _, v := range []*float64{c.Value, c.High} {
			if v != nil {
				fast = max(fast, *v)
			}
		}
	}
	low, high = low/1.25, high*1.25
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1.05*fast, low, high
	p.Y.Scale = logScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = evenTicks(p.X.Max), l.logTicks(low, high)
	names = append(names, r.marks(l)...)
	return Figure{look: l, title: r.Title, subtitle: r.Subtitle, body: func(c draw.Canvas) {
		l.key(&c, names)
		p.Draw(c)
	}}, nil
}

// marks are the entries of the key that are no curves.
func (r LatencyRate) marks(l look) (out []keyEntry) {
	failed := false
	for _, one := range r.Curves {
		failed = failed || slices.ContainsFunc(one.Points, func(p RatePoint) bool { return p.Failed })
	}
	if failed {
		out = append(out, keyEntry{label: "the SLO failed", dot: l.hollow(l.ink)})
	}
	if c := r.Capacity; c != nil && c.Value != nil {
		label := "capacity " + term.Number(*c.Value)
		if c.Low != nil && c.High != nil {
			label += fmt.Sprintf(" (95 %%: %s to %s)", term.Number(*c.Low), term.Number(*c.High))
		}
		out = append(out, keyEntry{label: label, area: l.wait, line: draw.LineStyle{Color: l.accent, Width: l.stroke}})
	}
	return out
}

// hollow marks a place that something is wrong with.
func (l look) hollow(c color.Color) draw.GlyphStyle {
	d := l.dot(c)
	d.Shape = draw.RingGlyph{}
	return d
}

// ratePoints are the runs of a curve, with their intervals.
type ratePoints struct {
	points []RatePoint
	colour color.Color
	l      look
}

// Plot implements plot.Plotter.
func (r ratePoints) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, one := range r.points {
		at := vg.Point{X: x(one.Rate), Y: y(one.Seconds)}
		if one.Low != nil && one.High != nil && *one.Low > 0 {
			c.StrokeLine2(draw.LineStyle{Color: r.colour, Width: 0.5 * r.l.stroke}, at.X, y(*one.Low), at.X, y(*one.High))
		}
		if !one.Failed {
			c.DrawGlyphNoClip(r.l.dot(r.colour), at)
			continue
		}
		inside := r.l.dot(r.l.ground)
		c.DrawGlyphNoClip(inside, at)
		c.DrawGlyphNoClip(r.l.hollow(r.colour), at)
	}
}

// rateLimit is a line that the latency is to stay below.
type rateLimit struct {
	RateLimit
	l look
}

// Plot implements plot.Plotter.
func (r rateLimit) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	at := y(r.Seconds)
	c.StrokeLine2(r.l.dashed(r.l.ink), c.Min.X, at, c.Max.X, at)
	c.FillText(letters(r.l.small, r.l.ink), vg.Point{X: c.Min.X + 0.5*r.l.text, Y: at + 0.35*r.l.text}, r.Name)
}

// capacityBand is where the capacity lies; nil: nobody knows.
type capacityBand struct {
	*RateInterval
	l look
}

// Plot implements plot.Plotter.
func (b capacityBand) Plot(c draw.Canvas, p *plot.Plot) {
	if b.RateInterval == nil {
		return
	}
	x, _ := p.Transforms(&c)
	if b.Low != nil && b.High != nil {
		c.FillPolygon(b.l.wait, corners(box(x(*b.Low), c.Min.Y, x(*b.High), c.Max.Y)))
	}
	if b.Value != nil {
		c.StrokeLine2(draw.LineStyle{Color: b.l.accent, Width: b.l.stroke}, x(*b.Value), c.Min.Y, x(*b.Value), c.Max.Y)
	}
}
