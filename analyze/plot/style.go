package plot

import (
	"image/color"
	"math"
	"strconv"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A figure fills a 16:9 slide, and half a slide when scaled by a half.
const (
	width  = 8 * vg.Inch
	height = 4.5 * vg.Inch
	dpi    = 200

	titleSize = 15
	textSize  = 11
	margin    = 14
)

// Colours of Okabe and Ito: told apart by every kind of colour vision, and by
// their lightness in grey.
func blue() color.Color       { return color.RGBA{0x00, 0x72, 0xb2, 0xff} }
func vermillion() color.Color { return color.RGBA{0xd5, 0x5e, 0x00, 0xff} }
func ink() color.Color        { return color.RGBA{0x22, 0x22, 0x22, 0xff} }
func grey() color.Color       { return color.RGBA{0x66, 0x66, 0x66, 0xff} }
func faint() color.Color      { return color.RGBA{0xe3, 0xe3, 0xe3, 0xff} }

func textStyle(size vg.Length, c color.Color) text.Style {
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
func newPlot(xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.X.Label.Text, p.Y.Label.Text = xLabel, yLabel
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		label, tick := a.Label.TextStyle, a.Tick.Label
		for _, s := range []*text.Style{&label, &tick} {
			s.Font, s.Color = textStyle(textSize, ink()).Font, ink()
		}
		a.Label.TextStyle, a.Tick.Label = label, tick
		a.Label.Padding = 4
		a.LineStyle.Color, a.Tick.LineStyle.Color = grey(), grey()
		a.LineStyle.Width, a.Tick.LineStyle.Width = 0.7, 0.7
		a.Padding = 0
	}
	grid := plotter.NewGrid()
	grid.Vertical = draw.LineStyle{Color: faint(), Width: 0.6}
	grid.Horizontal = grid.Vertical
	p.Add(grid)
	p.Legend.TextStyle.Font, p.Legend.TextStyle.Color = textStyle(textSize, ink()).Font, ink()
	p.Legend.ThumbnailWidth = 22
	p.Legend.Padding = 3
	return p
}

func dashed(c color.Color) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: 1.2, Dashes: []vg.Length{5, 3}}
}

// ticks marks an axis at given places.
type ticks struct {
	at     []float64
	labels func(float64) string
}

// Ticks implements plot.Ticker.
func (t ticks) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	for _, v := range t.at {
		if v >= low-1e-9*(high-low) && v <= high+1e-9*(high-low) {
			out = append(out, plot.Tick{Value: v, Label: t.labels(v)})
		}
	}
	return out
}

// logTicks marks decades of seconds, and the more between them the fewer there are.
func logTicks(low, high float64) ticks {
	t := ticks{labels: duration}
	steps := []float64{1, 2, 5}
	switch {
	case high/low > 2000:
		steps = []float64{1}
	case high/low < 15:
		steps = []float64{1, 1.5, 2, 3, 4, 5, 7}
	}
	for decade := math.Pow(10, math.Floor(math.Log10(low))); decade <= high; decade *= 10 {
		for _, s := range steps {
			t.at = append(t.at, s*decade)
		}
	}
	return t
}

// duration is a round time without the digits that term.Seconds adds: "20 ms".
func duration(s float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"s", 1}, {"ms", 1e-3}} {
		if s >= unit.size*0.9995 {
			return plain(s/unit.size) + " " + unit.name
		}
	}
	return plain(s*1e6) + " µs"
}

// evenTicks marks four to seven round numbers from 0 to high.
func evenTicks(high float64) ticks {
	step := math.Pow(10, math.Floor(math.Log10(high/4)))
	for _, factor := range []float64{10, 5, 2} {
		if high/(step*factor) >= 3 {
			step *= factor
			break
		}
	}
	t := ticks{labels: plain}
	for i := 0.0; i*step <= high; i++ {
		t.at = append(t.at, i*step)
	}
	return t
}

// shareTicks marks every quarter of 1, and what else matters.
func shareTicks(more ...float64) ticks {
	return ticks{at: append([]float64{0, 0.25, 0.5, 0.75, 1}, more...), labels: func(v float64) string { return plain(v*100) + " %" }}
}

// plain is a round number with what digits it needs: "0.5", "20".
func plain(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
