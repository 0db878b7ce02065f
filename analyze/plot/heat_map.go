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
	FromS    float64     // when the first bin of time begins
	StepS    float64     // length of a bin
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
	p := l.newPlot("seconds after the first request", h.YLabel)
	p.Y.Scale = logScale{}
	p.X.Min, p.X.Max = h.FromS, h.FromS+float64(len(h.Counts))*h.StepS
	p.Y.Min, p.Y.Max = h.Edges[0], h.Edges[len(h.Edges)-1]
	p.X.Tick.Marker, p.Y.Tick.Marker = roundTicks(p.X.Min, p.X.Max), l.logTicks(p.Y.Min, p.Y.Max)
	p.Add(shades{h.Shades, l}, heat{h, l, most})
	var names []keyEntry
	for i, one := range h.Lines {
		line := draw.LineStyle{Color: []color.Color{l.ink, l.accent}[i%2], Width: 0.8 * l.stroke}
		p.Add(bins{values: one.Values, fromS: h.FromS, stepS: h.StepS, line: line, halo: draw.LineStyle{Color: l.ground, Width: 1.6 * l.stroke}, jump: 0.5 * l.text})
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

// Plot implements plot.Plotter.
func (h heat) Plot(c draw.Canvas, p *plot.Plot) {
	picture := h.l.pixels(c.Rectangle)
	wide, tall := picture.Rect.Dx(), picture.Rect.Dy()
	low, high := math.Log(h.Edges[0]), math.Log(h.Edges[len(h.Edges)-1])
	x := func(bin int) int { return wide * bin / len(h.Counts) }
	y := func(edge int) int {
		return tall - int(math.Round(float64(tall)*(math.Log(h.Edges[edge])-low)/(high-low)))
	}
	for bin, counts := range h.Counts {
		for row, n := range counts {
			if n > 0 {
				paint(picture, image.Rect(x(bin), y(row+1), x(bin+1), y(row)), h.l.heatOf(share(n, h.most)))
			}
		}
	}
	c.DrawImage(c.Rectangle, picture)
}

// pixels is an image to lie on a rectangle, as fine as a PNG: an image of other proportions would
// keep them in an SVG, and one that is coarser would be blurred.
func (l look) pixels(r vg.Rectangle) *image.NRGBA {
	size := r.Size()
	dots := func(length vg.Length) int { return max(1, int(math.Round(float64(length)/72*float64(l.dpi)))) }
	return image.NewNRGBA(image.Rect(0, 0, dots(size.X), dots(size.Y)))
}

func paint(picture *image.NRGBA, r image.Rectangle, c color.NRGBA) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			picture.SetNRGBA(x, y, c)
		}
	}
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
	share = 0.15 + 0.85*share // never the ground itself
	if r, _, _, _ := l.ground.RGBA(); r > 0x7fff {
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
	place := box(right-wide, y-0.1*l.small, right, y+0.8*l.small)
	picture := l.pixels(place)
	for i := range picture.Rect.Dx() {
		paint(picture, image.Rect(i, 0, i+1, picture.Rect.Dy()), l.heatOf(float64(i)/float64(picture.Rect.Dx()-1)))
	}
	c.DrawImage(place, picture)
	c.FillText(style, vg.Point{X: right + 0.4*l.text, Y: y}, last)
	style.XAlign = draw.XRight
	left = right - wide - 0.4*l.text
	c.FillText(style, vg.Point{X: left, Y: y}, "1")
	return left - style.Width("1") - l.text
}
