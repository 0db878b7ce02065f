package plot

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Timelines shows the tokens of a few requests against time, side by side, in a column one
// above the other: when
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
	perRow := min(len(t.Requests), 3)
	if l.column {
		perRow = 1
	}
	yLabels := 7
	if len(t.Requests) > perRow {
		yLabels = 4
	}
	plots := make([]*plot.Plot, len(t.Requests))
	for i, r := range t.Requests {
		var err error
		if plots[i], err = r.plot(l, 12/perRow, yLabels); err != nil {
			return Figure{}, fmt.Errorf("plot %q: request %s: %w", title, r.Name, err)
		}
	}
	for i := 0; i < len(plots); i += perRow {
		plots[i].Y.Label.Text = "tokens"
	}
	return Figure{look: l, title: title, subtitle: t.Subtitle, tall: 0.4 + 0.6*float64(len(plots)), body: func(c draw.Canvas) { t.draw(c, l, plots, perRow) }}, nil
}

func (t Timeline) plot(l look, xLabels, yLabels int) (*plot.Plot, error) {
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
	p.Add(waits{t.Times, t.Due, l.wait}, slack{t.Times, t.Due, tint(l.colour(0), 0x30)}, due, came)
	p.X.Min, p.Y.Min = 0, 0
	// The needs of a reader reach far beyond a fast answer: show where they go.
	p.X.Max = 1.03 * min(max(t.Times[n-1], t.Due[n-1]), 2*max(t.Times[n-1], t.Due[0]))
	p.Y.Max = 1.05 * float64(max(n, 2))
	p.X.Tick.Marker, p.Y.Tick.Marker = evenTicks(p.X.Max).atMost(xLabels), evenTicks(p.Y.Max).atMost(yLabels)
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

// slack shades how long before its deadline each token came.
type slack struct {
	times, due []float64
	colour     color.Color
}

// Plot implements plot.Plotter.
func (s slack) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	stride := 1 + len(s.times)/(maxPoints/2)
	var early, late []vg.Point
	fill := func() {
		for i := len(late) - 1; i >= 0; i-- {
			early = append(early, late[i])
		}
		c.FillPolygon(s.colour, c.ClipPolygonXY(early))
		early, late = nil, nil
	}
	for i, at := range s.times {
		if at > s.due[i] {
			if len(early) > 0 {
				fill()
			}
			continue
		}
		if i%stride == 0 || i == len(s.times)-1 || len(early) == 0 || s.times[i+1] > s.due[i+1] {
			early = append(early, vg.Point{X: x(at), Y: y(float64(i))}, vg.Point{X: x(at), Y: y(float64(i + 1))})
			late = append(late, vg.Point{X: x(s.due[i]), Y: y(float64(i))}, vg.Point{X: x(s.due[i]), Y: y(float64(i + 1))})
		}
	}
	if len(early) > 0 {
		fill()
	}
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

func (t Timelines) draw(c draw.Canvas, l look, plots []*plot.Plot, perRow int) {
	l.key(&c, []keyEntry{{label: "token received", line: l.curve(0)}, {label: "slack", area: tint(l.colour(0), 0x30)},
		{label: "token needed by the reader (deadline)", line: l.dashed(l.ink)}, {label: "reader waits", area: l.wait}})
	var rows [][]*plot.Plot
	for from := 0; from < len(plots); from += perRow {
		row := make([]*plot.Plot, perRow)
		copy(row, plots[from:])
		rows = append(rows, row)
	}
	for i, tile := range l.panels(c, 2.6*l.text, rows)[:len(plots)] {
		data := plots[i].DataCanvas(tile)
		at := vg.Point{X: data.Min.X, Y: data.Max.Y + 1.8*l.text}
		name := bold(letters(l.text, l.ink))
		c.FillText(name, at, tail(t.Requests[i].Name, name, tile.Max.X-at.X))
		at.Y -= 1.2 * l.text
		c.FillText(letters(l.small, l.grey), at, t.Requests[i].Detail)
	}
}

// tail is the end of a name that has no room for all of it, where ids differ most.
func tail(name string, style text.Style, room vg.Length) string {
	short := name
	for cut := 1; style.Width(short) > room && cut < len(name); cut++ {
		short = "…" + name[cut:]
	}
	return short
}
