package plot

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// Lag shows a time in seconds along a run, and its distribution beside it.
type Lag struct {
	Title    string
	Subtitle string
	YLabel   string
	Steps    []LagStep
	StepS    float64 // how long each is
	CDF      CDF     // of the same values
}

// LagStep is a stretch of the run.
type LagStep struct {
	AtS      float64 // where it begins, after the begin of the run
	P50, Max float64
}

// Figure draws both: side by side, in a column one above the other.
func (d Lag) Figure(s Style) (Figure, error) {
	l := s.look()
	over, err := d.overTime(l)
	if err != nil {
		return Figure{}, fmt.Errorf("plot %q: %w", d.Title, err)
	}
	half := l
	if !l.column {
		half.width, half.labels = l.width/2, l.labels/2
	}
	spread, err := d.CDF.plot(half)
	if err != nil {
		return Figure{}, fmt.Errorf("plot %q: %w", d.Title, err)
	}
	if over == nil || spread == nil {
		return l.nothing(d.Title, d.Subtitle, "no value above 0"), nil
	}
	rows := [][]*plot.Plot{{over, spread}}
	if l.column {
		rows = [][]*plot.Plot{{over}, {spread}}
	}
	key := []keyEntry{{label: "p50 of each " + duration(d.StepS), line: l.curve(0)}, {label: "highest", dot: l.dot(l.accent)}}
	return Figure{look: l, title: d.Title, subtitle: d.Subtitle, tall: 1.6, body: func(c draw.Canvas) {
		l.key(&c, key)
		l.panels(c, 0, rows)
	}}, nil
}

// overTime is the panel of the run; nil where no lag is above 0.
func (d Lag) overTime(l look) (*plot.Plot, error) {
	var middle, most plotter.XYs
	for _, s := range d.Steps {
		if s.P50 > 0 {
			middle = append(middle, plotter.XY{X: s.AtS, Y: s.P50}, plotter.XY{X: s.AtS + d.StepS, Y: s.P50})
		}
		if s.Max > 0 {
			most = append(most, plotter.XY{X: s.AtS + d.StepS/2, Y: s.Max})
		}
	}
	if len(middle) == 0 {
		return nil, nil
	}
	p := l.newPlot("seconds after the first request was due", d.YLabel)
	line, err := plotter.NewLine(middle)
	if err != nil {
		return nil, err
	}
	line.LineStyle = l.curve(0)
	dots, err := plotter.NewScatter(most)
	if err != nil {
		return nil, err
	}
	dots.GlyphStyle = l.dot(l.accent)
	dots.GlyphStyle.Radius *= 0.6
	p.Add(line, dots)
	p.X.Min = 0
	p.Y.Min, p.Y.Max = roomAround(p.Y.Min, p.Y.Max)
	p.Y.Scale = logScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = evenTicks(p.X.Max), l.logTicks(p.Y.Min, p.Y.Max)
	return p, nil
}
