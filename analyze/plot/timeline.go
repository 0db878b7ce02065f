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
func (t Timelines) Figure(s Style) (Figure, error) {
	l := s.look()
	const title = "Tokens generated over time"
	if len(t.Requests) == 0 {
		return l.nothing(title, t.Subtitle, "no request with the times of its tokens"), nil
	}
	plots := make([]*plot.Plot, len(t.Requests))
	for i, r := range t.Requests {
		var err error
		if plots[i], err = r.plot(l); err != nil {
			return Figure{}, fmt.Errorf("plot %q: request %s: %w", title, r.Name, err)
		}
	}
	plots[0].Y.Label.Text = "tokens"
	return Figure{look: l, title: title, subtitle: t.Subtitle, tall: 0.4 + 0.6*float64(len(plots)), body: func(c draw.Canvas) { t.draw(c, l, plots) }}, nil
}

func (t Timeline) plot(l look) (*plot.Plot, error) {
	p := l.newPlot("seconds after the send", "")
	n := len(t.Times)
	came, err := plotter.NewLine(append(plotter.XYs{{X: 0, Y: 0}}, thin(t.Times)...))
	if err != nil {
		return nil, err
	}
	came.StepStyle = plotter.PostStep
	came.LineStyle = l.curve(0)
	due, err := plotter.NewLine(t.needs())
	if err != nil {
		return nil, err
	}
	due.LineStyle = l.dashed(l.ink)
	p.Add(waits{t.Times, t.Due, l.wait}, due, came)
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
type waits struct {
	times, due []float64
	colour     color.Color
}

// Plot implements plot.Plotter.
func (s waits) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for i, at := range s.times {
		if at <= s.due[i] {
			continue
		}
		// Never thinner than what can be seen.
		from, to := x(s.due[i]), max(x(at), x(s.due[i])+0.6)
		c.FillPolygon(s.colour, []vg.Point{{X: from, Y: c.Min.Y}, {X: to, Y: c.Min.Y}, {X: to, Y: c.Max.Y}, {X: from, Y: c.Max.Y}})
	}
}

func (t Timelines) draw(c draw.Canvas, l look, plots []*plot.Plot) {
	l.key(&c, []keyEntry{{label: "token received", line: l.curve(0)}, {label: "token needed by the reader", line: l.dashed(l.ink)},
		{label: "reader waits", area: l.wait}})
	for i, tile := range l.panels(c, 2.6*l.text, t.grid(l, plots)) {
		at := vg.Point{X: plots[i].DataCanvas(tile).Min.X, Y: tile.Max.Y + 1.6*l.text}
		c.FillText(bold(letters(l.text, l.ink)), at, t.Requests[i].Name)
		at.Y -= 1.2 * l.text
		c.FillText(letters(l.small, l.grey), at, t.Requests[i].Detail)
	}
}

// grid is the panels side by side, or in a column one above the other.
func (t Timelines) grid(l look, plots []*plot.Plot) (rows [][]*plot.Plot) {
	if !l.column {
		return [][]*plot.Plot{plots}
	}
	for _, p := range plots {
		rows = append(rows, []*plot.Plot{p})
	}
	return rows
}
