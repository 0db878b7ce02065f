package plot

import (
	"image/color"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// look is a Style in lengths and colours. Whatever is drawn is measured in it, so that
// it fits every size and stands on every ground.
type look struct {
	width, height vg.Length
	dpi           int  // of a PNG
	column        bool // which has a width and no height to fill

	title, text, small vg.Length // sizes of letters
	margin             vg.Length
	stroke             vg.Length // width of a curve
	labels             int       // that fit along an axis

	ground, ink, grey, faint color.Color
	accent                   color.Color   // of what is pointed at
	wait                     color.Color   // of an area of trouble; the grid shows through
	palette                  []color.Color // of curves, by their number
}

func (s Style) look() look {
	l := look{width: 8 * vg.Inch, height: 4.5 * vg.Inch, dpi: 200, title: 15, text: 11, small: 10, margin: 14, stroke: 2, labels: 9}
	if s.Size == Column {
		l = look{column: true, width: 240, height: 180, dpi: 400, title: 8.5, text: 7, small: 6.5, margin: 3, stroke: 1.1, labels: 6}
	}
	// Okabe and Ito's colours: told apart by every kind of colour vision.
	var (
		orange     = color.RGBA{0xe6, 0x9f, 0x00, 0xff}
		sky        = color.RGBA{0x56, 0xb4, 0xe9, 0xff}
		green      = color.RGBA{0x00, 0x9e, 0x73, 0xff}
		yellow     = color.RGBA{0xf0, 0xe4, 0x42, 0xff}
		blue       = color.RGBA{0x00, 0x72, 0xb2, 0xff}
		vermillion = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
		purple     = color.RGBA{0xcc, 0x79, 0xa7, 0xff}
	)
	if s.Theme == Dark {
		l.ground, l.ink, l.grey, l.faint = grey(0x16), grey(0xee), grey(0xa8), grey(0x36)
		l.accent, l.wait = orange, color.NRGBA{0xe6, 0x9f, 0x00, 0x66}
		l.palette = []color.Color{sky, orange, green, purple, yellow, vermillion}
		return l
	}
	l.ground, l.ink, l.grey, l.faint = color.White, grey(0x22), grey(0x66), grey(0xe3)
	l.accent, l.wait = vermillion, color.NRGBA{0xe6, 0x9f, 0x00, 0x80}
	l.palette = []color.Color{blue, vermillion, green, purple, orange, sky}
	return l
}

func grey(v uint8) color.Color { return color.RGBA{v, v, v, 0xff} }

// curve is the line of the series of a number. In grey the dashes tell it apart.
func (l look) curve(series int) draw.LineStyle {
	w := l.stroke
	dashes := [][]vg.Length{nil, {4 * w, 1.5 * w}, {w, w}, {5 * w, 1.5 * w, w, 1.5 * w}, {8 * w, 2 * w}, {2 * w, 2 * w}}
	return draw.LineStyle{Color: l.colour(series), Width: w, Dashes: dashes[series%len(dashes)]}
}

// colour is that of the series of a number.
func (l look) colour(series int) color.Color { return l.palette[series%len(l.palette)] }

// tint is a colour through which others show.
func tint(c color.Color, alpha uint8) color.Color {
	r, g, b, _ := c.RGBA()
	return color.NRGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), alpha}
}

// dashed is a line to hold others against.
func (l look) dashed(c color.Color) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: 0.6 * l.stroke, Dashes: []vg.Length{2.5 * l.stroke, 1.5 * l.stroke}}
}

// dot marks a place.
func (l look) dot(c color.Color) draw.GlyphStyle {
	return draw.GlyphStyle{Color: c, Radius: 1.8 * l.stroke, Shape: disc{}}
}

func letters(size vg.Length, c color.Color) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		Handler: plot.DefaultTextHandler,
	}
}

func bold(s text.Style) text.Style {
	s.Font.Weight = xfont.WeightBold
	return s
}

// newPlot returns an empty plot in the house's manner: a light grid, no box.
func (l look) newPlot(xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = l.ground
	p.X.Label.Text, p.Y.Label.Text = xLabel, yLabel
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		for _, s := range []*text.Style{&a.Label.TextStyle, &a.Tick.Label} {
			s.Font, s.Color = letters(l.text, l.ink).Font, l.ink
		}
		a.Label.Padding = 0.35 * l.text
		a.LineStyle.Color, a.Tick.LineStyle.Color = l.grey, l.grey
		a.LineStyle.Width, a.Tick.LineStyle.Width = 0.35*l.stroke, 0.35*l.stroke
		a.Tick.Length = 0.6 * l.text
		a.Padding = 0
	}
	grid := plotter.NewGrid()
	grid.Vertical = draw.LineStyle{Color: l.faint, Width: 0.3 * l.stroke}
	grid.Horizontal = grid.Vertical
	p.Add(grid)
	return p
}

// thick and thin are strokes beside curves.
func (l look) thick(c color.Color) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: 2 * l.stroke}
}

func (l look) thin(c color.Color) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: 0.6 * l.stroke}
}
