package plot

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Timelines shows the tokens of a few requests against time, side by side: when
// each came, when a steady reader needed it, and where the reader had to wait.
type Timelines struct {
	Subtitle string
	Requests []Timeline
}

// Timeline is one request.
type Timeline struct {
	Name   string    // "worst"
	Detail string    // a line below it
	Times  []float64 // seconds from the send to each token
	Due    []float64 // and to the reader's need of it
}

// Figure draws the requests.
func (t Timelines) Figure() (Figure, error) {
	const title = "Tokens generated over time"
	if len(t.Requests) == 0 {
		return Figure{title, t.Subtitle, nothing("no request with the times of its tokens")}, nil
	}
	plots := make([]*plot.Plot, len(t.Requests))
	for i, r := range t.Requests {
		var err error
		if plots[i], err = r.plot(); err != nil {
			return Figure{}, fmt.Errorf("plot %q: request %s: %w", title, r.Name, err)
		}
	}
	plots[0].Y.Label.Text = "tokens"
	return Figure{title, t.Subtitle, func(c draw.Canvas) { t.draw(c, plots) }}, nil
}

func (t Timeline) plot() (*plot.Plot, error) {
	p := newPlot("seconds after the send", "")
	n := len(t.Times)
	came, err := plotter.NewLine(append(plotter.XYs{{X: 0, Y: 0}}, thin(t.Times)...))
	if err != nil {
		return nil, err
	}
	came.StepStyle = plotter.PostStep
	came.LineStyle = cameStyle()
	due, err := plotter.NewLine(t.needs())
	if err != nil {
		return nil, err
	}
	due.LineStyle = dueStyle()
	p.Add(waits{t.Times, t.Due}, due, came)
	p.X.Min, p.Y.Min = 0, 0
	// The needs of a reader reach far beyond a fast answer: show where they go.
	p.X.Max = 1.03 * min(max(t.Times[n-1], t.Due[n-1]), 2*max(t.Times[n-1], t.Due[0]))
	p.Y.Max = 1.05 * float64(max(n, 2))
	p.X.Tick.Marker, p.Y.Tick.Marker = evenTicks(p.X.Max), evenTicks(p.Y.Max)
	return p, nil
}

// needs is the line of the reader: a slope, and a step to the right wherever it waits.
func (t Timeline) needs() plotter.XYs {
	line := plotter.XYs{{X: t.Due[0], Y: 1}}
	for i, at := range t.Times {
		if at > t.Due[i] {
			line = append(line, plotter.XY{X: t.Due[i], Y: float64(i + 1)}, plotter.XY{X: at, Y: float64(i + 1)})
		}
	}
	last := len(t.Due) - 1
	return append(line, plotter.XY{X: max(t.Due[last], t.Times[last]), Y: float64(last + 1)})
}

// thin makes steps of token times. Of the tokens that fall into one column of the
// picture it keeps the first and the last, so that every pause stays as long as
// it was.
func thin(times []float64) plotter.XYs {
	n := len(times)
	column := func(i int) int { return int(times[i] / times[n-1] * (maxPoints / 2)) }
	var steps plotter.XYs
	for i, at := range times {
		edge := i == 0 || i == n-1 || n <= maxPoints || times[n-1] <= 0
		if edge || column(i-1) != column(i) || column(i+1) != column(i) {
			steps = append(steps, plotter.XY{X: at, Y: float64(i + 1)})
		}
	}
	return steps
}

// waits shades the times in which the reader had nothing to read.
type waits struct{ times, due []float64 }

// Plot implements plot.Plotter.
func (s waits) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for i, at := range s.times {
		if at <= s.due[i] {
			continue
		}
		// Never thinner than what can be seen.
		from, to := x(s.due[i]), max(x(at), x(s.due[i])+0.6)
		c.FillPolygon(waitColor(), []vg.Point{{X: from, Y: c.Min.Y}, {X: to, Y: c.Min.Y}, {X: to, Y: c.Max.Y}, {X: from, Y: c.Max.Y}})
	}
}

func cameStyle() draw.LineStyle { return draw.LineStyle{Color: blue(), Width: 2} }
func dueStyle() draw.LineStyle  { return dashed(ink()) }

// waitColor is orange of the same palette, and lets the grid show through.
func waitColor() color.Color { return color.NRGBA{0xe6, 0x9f, 0x00, 0x80} }

func (t Timelines) draw(c draw.Canvas, plots []*plot.Plot) {
	const gap, head = 18, 2.8 * textSize
	t.key(&c)
	tiles := draw.Tiles{Rows: 1, Cols: len(plots), PadX: gap, PadTop: head}
	for i, tile := range plot.Align([][]*plot.Plot{plots}, tiles, c)[0] {
		plots[i].Draw(tile)
		at := vg.Point{X: plots[i].DataCanvas(tile).Min.X, Y: c.Max.Y - textSize}
		tile.FillText(bold(textStyle(textSize, ink())), at, t.Requests[i].Name)
		at.Y -= 1.2 * textSize
		tile.FillText(textStyle(textSize-2, grey()), at, t.Requests[i].Detail)
	}
}

// key draws the legend as a line of its own above the panels, where it hides nothing.
func (t Timelines) key(c *draw.Canvas) {
	const sample, pad = 22, 5
	y := c.Max.Y - textSize*0.6
	x := c.Min.X
	style := textStyle(textSize-1, ink())
	for i, label := range []string{"token received", "token needed by the reader", "reader waits"} {
		middle := y + 0.35*textSize
		switch i {
		case 0:
			c.StrokeLine2(cameStyle(), x, middle, x+sample, middle)
		case 1:
			c.StrokeLine2(dueStyle(), x, middle, x+sample, middle)
		default:
			c.FillPolygon(waitColor(), []vg.Point{{X: x, Y: y - 1}, {X: x + sample, Y: y - 1}, {X: x + sample, Y: y + 0.8*textSize}, {X: x, Y: y + 0.8*textSize}})
		}
		x += sample + pad
		c.FillText(style, vg.Point{X: x, Y: y}, label)
		x += style.Width(label) + 3*pad
	}
	c.Max.Y = y - textSize
}
