package plot

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"metron/internal/term"
)

// Violins shows the distributions of times in seconds of several groups beside one another:
// the wider the more of them, over a logarithmic axis.
type Violins struct {
	Title    string
	Subtitle string
	XLabel   string // of the names, below which stands how many values each has
	YLabel   string
	Groups   []Violin
}

// Violin is one group.
type Violin struct {
	Name               string
	Values             []float64 // ascending, above 0; of many every so manieth
	Count              int64
	P25, P50, P75, P99 float64
}

// fewest values make a shape; fewer are drawn as dots.
const fewest = 8

// Figure draws the groups.
func (v Violins) Figure(s Style) (Figure, error) {
	l := s.look()
	low, high := math.Inf(1), 0.0
	for _, g := range v.Groups {
		if len(g.Values) > 0 {
			low, high = min(low, g.Values[0]), max(high, g.Values[len(g.Values)-1], g.P99)
		}
	}
	if !(high > 0) {
		return l.nothing(v.Title, v.Subtitle, "no value above 0"), nil
	}
	low, high = roomAround(low, high)
	p := l.newPlot(v.XLabel, v.YLabel)
	p.Y.Scale = logScale{}
	p.Y.Min, p.Y.Max, p.X.Min, p.X.Max = low, high, -0.5, float64(len(v.Groups))-0.5
	p.Y.Tick.Marker = l.logTicks(low, high)
	names := ticks{labels: func(at float64) string {
		g := v.Groups[int(at)]
		return g.Name + "\n" + term.Count(g.Count)
	}}
	for i := range v.Groups {
		names.at = append(names.at, float64(i))
	}
	p.X.Tick.Marker, p.X.Tick.Length = names, 0
	p.X.Tick.Label.Font.Size = l.small
	p.Add(shapes{v.Groups, l})
	key := []keyEntry{{label: "all requests", area: tint(l.colour(0), 0x60)},
		{label: "p25 to p75", line: l.thick(l.ink)}, {label: "p50", dot: l.dot(l.ink)}, {label: "p99", line: l.thin(l.accent)}}
	return Figure{look: l, title: v.Title, subtitle: v.Subtitle, body: func(c draw.Canvas) {
		l.key(&c, key)
		p.Draw(c)
	}}, nil
}

// roomAround widens a logarithmic axis a little on both sides.
func roomAround(low, high float64) (float64, float64) {
	room := max(math.Pow(high/low, 0.04), 1.1)
	return low / room, high * room
}

// shapes are the violins.
type shapes struct {
	groups []Violin
	l      look
}

// Plot implements plot.Plotter.
func (s shapes) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	half := 0.42 * float64(x(1)-x(0))
	for i, g := range s.groups {
		middle := x(float64(i))
		if len(g.Values) < fewest {
			for _, v := range g.Values {
				c.DrawGlyphNoClip(s.l.dot(s.l.colour(0)), vg.Point{X: middle, Y: y(v)})
			}
			continue
		}
		at, density := densities(g.Values)
		left, right := make([]vg.Point, len(at)), make([]vg.Point, len(at))
		for j, v := range at {
			wide := vg.Length(half * density[j])
			left[j] = vg.Point{X: middle - wide, Y: y(v)}
			right[len(at)-1-j] = vg.Point{X: middle + wide, Y: y(v)}
		}
		outline := append(left, right...)
		c.FillPolygon(tint(s.l.colour(0), 0x60), outline)
		c.StrokeLines(draw.LineStyle{Color: s.l.colour(0), Width: 0.5 * s.l.stroke}, append(outline, outline[0]))
		c.StrokeLine2(s.l.thick(s.l.ink), middle, y(g.P25), middle, y(g.P75))
		c.DrawGlyphNoClip(s.l.dot(s.l.ink), vg.Point{X: middle, Y: y(g.P50)})
		tail := vg.Length(half / 3)
		c.StrokeLine2(s.l.thin(s.l.accent), middle-tail, y(g.P99), middle+tail, y(g.P99))
	}
}

// densities is the shape of ascending values above 0 over their logarithm, from the least to
// the greatest, the densest being 1: a Gaussian kernel as wide as Silverman has it.
func densities(values []float64) (at, density []float64) {
	const places = 96
	n := len(values)
	low, high := math.Log(values[0]), math.Log(values[n-1])
	mean, squares := 0.0, 0.0
	for _, v := range values {
		mean += math.Log(v) / float64(n)
	}
	for _, v := range values {
		squares += (math.Log(v) - mean) * (math.Log(v) - mean)
	}
	quarters := math.Log(values[(3*n)/4]/values[n/4]) / 1.34
	spread := math.Sqrt(squares / float64(n))
	if quarters > 0 {
		spread = min(spread, quarters)
	}
	step := (high - low) / (places - 1)
	width := max(0.9*spread*math.Pow(float64(n), -0.2), step, 1e-3)
	// Counting into the places first makes it as quick for a million values.
	counts := make([]float64, places)
	for _, v := range values {
		place := 0
		if step > 0 {
			place = min(places-1, int(math.Round((math.Log(v)-low)/step)))
		}
		counts[place]++
	}
	at, density = make([]float64, places), make([]float64, places)
	most := 0.0
	for i := range at {
		at[i] = math.Exp(low + float64(i)*step)
		for j, n := range counts {
			if n > 0 {
				off := float64(i-j) * step / width
				density[i] += n * math.Exp(-off*off/2)
			}
		}
		most = max(most, density[i])
	}
	for i := range density {
		density[i] /= most
	}
	return at, density
}
