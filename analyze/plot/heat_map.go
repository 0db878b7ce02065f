package plot

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"metron/internal/term"
)

// HeatMap is how the times between tokens were spread, at every moment of a run.
type HeatMap struct {
	Title    string
	Subtitle string
	YLabel   string
	Unit     string      // what is counted: "tokens"
	StepS    float64     // length of a bin of time
	Edges    []float64   // of the rows, seconds above 0, ascending: one more than rows
	Counts   [][]int64   // by bin and row
	Lines    []NamedBins // percentiles of each bin
	Shades   []Shade
}

// NamedBins is a number a bin of time; NaN where there is none.
type NamedBins struct {
	Name   string
	Values []float64
}

// Figure draws the map.
func (h HeatMap) Figure(s Style) (Figure, error) {
	l := s.look()
	most := int64(0)
	for _, bin := range h.Counts {
		for _, n := range bin {
			most = max(most, n)
		}
	}
	if most == 0 {
		return l.nothing(h.Title, h.Subtitle, "no value above 0"), nil
	}
	p := l.newPlot("seconds after the first send", h.YLabel)
	p.Y.Scale = plot.LogScale{}
	p.X.Min, p.X.Max = 0, float64(len(h.Counts))*h.StepS
	p.Y.Min, p.Y.Max = h.Edges[0], h.Edges[len(h.Edges)-1]
	p.X.Tick.Marker, p.Y.Tick.Marker = evenTicks(p.X.Max), logTicks(p.Y.Min, p.Y.Max)
	p.Add(shades{h.Shades, l}, heat{h, l, most})
	var names []keyEntry
	for i, one := range h.Lines {
		line := draw.LineStyle{Color: l.ink, Width: 0.8 * l.stroke, Dashes: l.curve(i).Dashes}
		p.Add(bins{values: one.Values, stepS: h.StepS, line: line, halo: draw.LineStyle{Color: l.ground, Width: 2 * l.stroke}})
		names = append(names, keyEntry{label: one.Name, line: line})
	}
	names = append(names, l.shadeKey(h.Shades)...)
	return Figure{look: l, title: h.Title, subtitle: h.Subtitle, body: func(c draw.Canvas) {
		inner := c
		inner.Max.X = l.heatScale(&c, most, h.Unit)
		l.key(&inner, names)
		c.Max.Y = inner.Max.Y
		p.Draw(c)
	}}, nil
}

// heat are the cells, as one image: an SVG of as many rectangles would weigh megabytes.
type heat struct {
	HeatMap
	l    look
	most int64
}

// cell is how many pixels of the image a cell is wide, and the least that a row is high:
// what viewers blur between pixels then stays at the edges.
const cell = 4

// Plot implements plot.Plotter.
func (h heat) Plot(c draw.Canvas, p *plot.Plot) {
	low, high := math.Log(h.Edges[0]), math.Log(h.Edges[len(h.Edges)-1])
	rows := len(h.Edges) - 1
	tall := max(cell*rows, 2*int(c.Max.Y-c.Min.Y))
	picture := image.NewNRGBA(image.Rect(0, 0, cell*len(h.Counts), tall))
	at := func(edge int) int {
		return tall - int(math.Round(float64(tall)*(math.Log(h.Edges[edge])-low)/(high-low)))
	}
	for bin, counts := range h.Counts {
		for row, n := range counts {
			if n == 0 {
				continue
			}
			colour := h.l.heatOf(share(n, h.most))
			for y := at(row + 1); y < at(row); y++ {
				for x := cell * bin; x < cell*(bin+1); x++ {
					picture.SetNRGBA(x, y, colour)
				}
			}
		}
	}
	c.DrawImage(c.Rectangle, picture)
}

// share is where a count stands between 1 and the most, over a logarithm.
func share(n, most int64) float64 {
	if most == 1 {
		return 1
	}
	return math.Log(float64(n)) / math.Log(float64(most))
}

// heatOf is the colour of a share: cividis (Nuñez, Anderton and Renslow, PLOS ONE 13, 2018),
// whose lightness rises evenly for every kind of colour vision, so that it reads in grey.
// What is rare is close to the ground of the figure, whichever that is.
func (l look) heatOf(share float64) color.NRGBA {
	stops := []uint32{0x00204d, 0x00336f, 0x39486b, 0x575c6d, 0x707173, 0x8a8779, 0xa69d75, 0xc4b56c, 0xe4cf5b, 0xffea46}
	if r, _, _, _ := l.ground.RGBA(); r > 0x7fff { // light
		share = 1 - share
	}
	place := share * float64(len(stops)-1)
	i := min(int(place), len(stops)-2)
	mix := func(shift int) uint8 {
		a, b := float64(stops[i]>>shift&0xff), float64(stops[i+1]>>shift&0xff)
		return uint8(math.Round(a + (b-a)*(place-float64(i))))
	}
	return color.NRGBA{mix(16), mix(8), mix(0), 0xff}
}

// heatScale explains the colours at the right of the key, and gives where it begins.
func (l look) heatScale(c *draw.Canvas, most int64, unit string) (left vg.Length) {
	style := letters(l.small, l.ink)
	last := term.Count(most) + " " + unit + " a cell"
	wide, y := 6*l.text, c.Max.Y-0.6*l.text
	right := c.Max.X - style.Width(last) - 0.4*l.text
	const steps = 40
	for i := range steps {
		from := right - wide + wide*vg.Length(i)/steps
		c.FillPolygon(l.heatOf(float64(i)/(steps-1)), corners(box(from, y-0.1*l.small, from+1.1*wide/steps, y+0.8*l.small)))
	}
	c.FillText(style, vg.Point{X: right + 0.4*l.text, Y: y}, last)
	style.XAlign = draw.XRight
	left = right - wide - 0.4*l.text
	c.FillText(style, vg.Point{X: left, Y: y}, "1")
	return left - style.Width("1") - l.text
}
