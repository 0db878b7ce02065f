package plot

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"metron/internal/term"
)

// Bars are numbers side by side, in groups: the capacity of each target for a workload and
// an SLO, or the token rates of each run.
type Bars struct {
	Title    string
	Subtitle string
	YLabel   string
	Series   []string // what the bars of a group are, in their order
	Groups   []BarGroup
}

// BarGroup is the bars of one place on the axis.
type BarGroup struct {
	Name   string // below them
	Detail string // a line below the name
	Bars   []Bar  // one a series
}

// Bar is one number. A nil Value has no bar: Note then says why ("failed").
type Bar struct {
	Value     *float64
	Low, High *float64 // where it lies with 95 % confidence; nil: not known
	Note      string   // instead of the number above the bar
}

// Figure draws the bars.
func (b Bars) Figure(s Style) (Figure, error) {
	l := s.look()
	high := b.highest()
	if len(b.Groups) == 0 || len(b.Series) == 0 {
		return l.nothing(b.Title, b.Subtitle, "nothing to draw"), nil
	}
	p := l.newPlot("", b.YLabel)
	p.X.Min, p.X.Max = 0, float64(len(b.Groups))
	p.X.Tick.Marker, p.X.Tick.Length = plot.ConstantTicks{}, 0
	p.Y.Min, p.Y.Max = 0, 1.12*high // a number stands above the highest
	p.Y.Tick.Marker = evenTicks(high)
	p.Add(barsOf{b, l})
	return Figure{look: l, title: b.Title, subtitle: b.Subtitle, body: func(c draw.Canvas) {
		if len(b.Series) > 1 {
			var entries []keyEntry
			for i, name := range b.Series {
				entries = append(entries, keyEntry{label: name, pattern: new(l.bar(i))})
			}
			l.key(&c, entries)
		}
		c.Min.Y += 2.6 * l.text // the names of the groups
		if b.upright(l, c.Max.X-c.Min.X) {
			p.Y.Max = 1.3 * high
		}
		p.Draw(c)
	}}, nil
}

// upright reports whether a number above a bar is wider than it, in a figure of this width.
func (b Bars) upright(l look, width vg.Length) bool {
	room := 0.7 * width / vg.Length(len(b.Groups)*len(b.Series))
	for _, g := range b.Groups {
		for _, one := range g.Bars {
			if letters(l.small, l.ink).Width(one.label()) > room {
				return true
			}
		}
	}
	return false
}

// label is what stands above the bar.
func (b Bar) label() string {
	if b.Note == "" && b.Value != nil {
		return term.Number(*b.Value)
	}
	return b.Note
}

// highest is the highest that anything reaches, above 0.
func (b Bars) highest() float64 {
	high := 0.0
	for _, g := range b.Groups {
		for _, one := range g.Bars {
			for _, v := range []*float64{one.Value, one.High} {
				if v != nil && !math.IsInf(*v, 0) {
					high = max(high, *v)
				}
			}
		}
	}
	if high == 0 {
		return 1
	}
	return high
}

type barsOf struct {
	Bars
	l look
}

// Plot implements plot.Plotter.
func (b barsOf) Plot(c draw.Canvas, p *plot.Plot) {
	l := b.l
	x, y := p.Transforms(&c)
	group := x(1) - x(0)
	wide := min(0.78*group/vg.Length(len(b.Series)), 6*l.text)
	for i, g := range b.Groups {
		middle := x(float64(i) + 0.5)
		left := middle - wide*vg.Length(len(b.Series))/2
		for j, one := range g.Bars {
			b.draw(&c, one, j, box(left+wide*vg.Length(j)+0.06*wide, y(0), left+wide*vg.Length(j+1)-0.06*wide, 0), y)
		}
		style := letters(l.text, l.ink)
		style.XAlign = draw.XCenter
		c.FillText(style, vg.Point{X: middle, Y: c.Min.Y - 1.35*l.text}, fit(g.Name, style, 0.96*group))
		style = letters(l.small, l.grey)
		style.XAlign = draw.XCenter
		c.FillText(style, vg.Point{X: middle, Y: c.Min.Y - 2.6*l.text}, fit(g.Detail, style, 0.96*group))
	}
}

// draw draws one bar into the place that r has room for.
func (b barsOf) draw(c *draw.Canvas, one Bar, series int, r vg.Rectangle, y func(float64) vg.Length) {
	l := b.l
	top, middle := r.Min.Y, (r.Min.X+r.Max.X)/2
	if one.Value != nil {
		r.Max.Y = y(*one.Value)
		l.bar(series).fill(c, r)
		top = r.Max.Y
	}
	if one.Low != nil && one.High != nil {
		top = max(top, y(*one.High))
		l.whisker(c, middle, y(*one.Low), y(*one.High))
	}
	label := one.label()
	style := letters(l.small, l.ink)
	style.XAlign = draw.XCenter
	if room := 1.15 * (r.Max.X - r.Min.X); style.Width(label) > room {
		style.XAlign, style.YAlign, style.Rotation = draw.XLeft, draw.YCenter, math.Pi/2
	}
	c.FillText(style, vg.Point{X: middle, Y: top + 0.3*l.text}, label)
}

// whisker is an interval, upright.
func (l look) whisker(c *draw.Canvas, x, low, high vg.Length) {
	end := 0.35 * l.text
	for _, line := range []draw.LineStyle{{Color: l.ground, Width: 1.6 * l.stroke}, {Color: l.ink, Width: 0.6 * l.stroke}} {
		c.StrokeLine2(line, x, low, x, high)
		c.StrokeLine2(line, x-end, low, x+end, low)
		c.StrokeLine2(line, x-end, high, x+end, high)
	}
}

// fit cuts the middle out of a text that is too wide.
func fit(s string, style text.Style, width vg.Length) string {
	if style.Width(s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		short := string(runes[:(n+1)/2]) + "…" + string(runes[len(runes)-n/2:])
		if style.Width(short) <= width {
			return short
		}
	}
	return ""
}
