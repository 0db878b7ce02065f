package plot

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"metron/internal/term"
)

// SwimLanes is the life of some requests, each in a lane of its own.
type SwimLanes struct {
	Subtitle string
	Lanes    []Lane // from the top
	Modelled bool   // a prefill model told queue and prefill apart
}

// Lane is one request: moments in seconds on the axis of all, NaN: never.
type Lane struct {
	DueS    float64      // when it was to be sent
	SentS   float64      // when it was
	ServedS float64      // when its prefill began, as far as a model tells; NaN: not known
	Tokens  []float64    // when each came
	Waits   [][2]float64 // between tokens: from when one was due to when it came
	EndS    float64
	Outcome string // "": ok
}

// Figure draws the lanes.
func (w SwimLanes) Figure(s Style) (Figure, error) {
	l := s.look()
	const title = "Requests in their lanes"
	if len(w.Lanes) == 0 {
		return l.nothing(title, w.Subtitle, "no request in this window"), nil
	}
	p := l.newPlot("seconds after the first request", "request, in the order of arrival")
	n := float64(len(w.Lanes))
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = math.Inf(1), math.Inf(-1), -n-0.5, -0.5
	failed := false
	for _, one := range w.Lanes {
		p.X.Min, p.X.Max = min(p.X.Min, one.DueS), max(p.X.Max, one.last())
		failed = failed || one.Outcome != ""
	}
	if p.X.Max <= p.X.Min {
		p.X.Max = p.X.Min + 1e-6
	}
	room := 0.02 * (p.X.Max - p.X.Min)
	p.X.Min, p.X.Max = p.X.Min-room, p.X.Max+room
	p.X.Tick.Marker = roundTicks(p.X.Min, p.X.Max)
	p.Y.Tick.Marker, p.Y.Tick.Length = lanes{len(w.Lanes)}, 0
	p.Add(lanesOf{w, l})
	return Figure{look: l, title: title, subtitle: w.Subtitle, tall: 1.5, body: func(c draw.Canvas) {
		l.key(&c, w.key(l, failed))
		p.Draw(c)
	}}, nil
}

// last is the last moment of the request that is known.
func (r Lane) last() float64 {
	last := r.DueS
	for _, v := range []float64{r.SentS, r.EndS} {
		if v > last {
			last = v
		}
	}
	if n := len(r.Tokens); n > 0 {
		last = max(last, r.Tokens[n-1])
	}
	return last
}

func (w SwimLanes) key(l look, failed bool) []keyEntry {
	waiting, prefill := "held back by the sender", "waiting for the first token: queue and prefill"
	if w.Modelled {
		waiting, prefill = "queue", "prefill, by the model"
	}
	out := []keyEntry{{label: waiting, pattern: new(l.lanePattern(laneQueue))}, {label: prefill, pattern: new(l.lanePattern(lanePrefill))},
		{label: "decoding: a tick a token, where they fit", pattern: new(l.lanePattern(laneDecode))}, {label: "a token is overdue, where it shows", pattern: new(l.lanePattern(laneStall))}}
	if failed {
		out = append(out, keyEntry{label: "not ok", dot: l.cross()})
	}
	return out
}

// lanePart is what a request is doing.
type lanePart int

const (
	laneQueue lanePart = iota
	lanePrefill
	laneDecode
	laneStall
)

func (l look) lanePattern(part lanePart) pattern {
	thin := func(series int) draw.LineStyle { return draw.LineStyle{Color: l.colour(series), Width: 0.3 * l.stroke} }
	switch part {
	case laneQueue:
		return pattern{line: draw.LineStyle{Color: l.grey, Width: 0.3 * l.stroke}, rising: true, every: 0.3 * l.text}
	case lanePrefill:
		return pattern{area: tint(l.colour(2), 0x70), line: thin(2)}
	case laneStall:
		return pattern{area: l.wait, line: draw.LineStyle{Color: l.accent, Width: 0.35 * l.stroke}, falling: true, every: 0.3 * l.text}
	}
	return pattern{area: tint(l.colour(0), 0x60)}
}

func (l look) cross() draw.GlyphStyle {
	return draw.GlyphStyle{Color: l.ink, Radius: 1.8 * l.stroke, Shape: draw.CrossGlyph{}}
}

// lanesOf draws them.
type lanesOf struct {
	SwimLanes
	l look
}

// Plot implements plot.Plotter.
func (w lanesOf) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	half := min(0.38*(y(-1)-y(-2)), w.l.text)
	for i := range w.Lanes {
		w.draw(&c, &w.Lanes[i], y(float64(-i-1)), half, x)
	}
}

func (w lanesOf) draw(c *draw.Canvas, r *Lane, y, half vg.Length, x func(float64) vg.Length) {
	part := func(kind lanePart, from, to float64, half vg.Length) {
		if left, right := x(from), x(to); right-left > 0.05 {
			w.l.lanePattern(kind).fill(c, box(left, y-half, right, y+half))
		}
	}
	served := r.SentS
	if r.ServedS > served {
		served = r.ServedS
	}
	first, end := r.EndS, r.last()
	if len(r.Tokens) > 0 {
		first = r.Tokens[0]
	}
	if math.IsNaN(served) { // never sent
		served, first = end, math.NaN()
	}
	part(laneQueue, r.DueS, served, 0.7*half)
	if first > served {
		part(lanePrefill, served, first, half)
	}
	if n := len(r.Tokens); n > 0 {
		part(laneDecode, first, r.Tokens[n-1], 0.55*half)
		w.ticks(c, r.Tokens, y, half, x)
	}
	w.waits(c, r.Waits, y, half, x)
	if r.Outcome == "" {
		return
	}
	at := vg.Point{X: x(end), Y: y}
	c.DrawGlyphNoClip(w.l.cross(), at)
	style := letters(min(w.l.small, max(2.2*half, 0.75*w.l.small)), w.l.ink)
	left := at.X + 0.5*w.l.text
	if left+style.Width(r.Outcome) > c.Max.X {
		style.XAlign, left = draw.XRight, min(x(r.DueS), at.X)-0.5*w.l.text
	}
	c.FillText(style, vg.Point{X: left, Y: y - 0.35*style.Font.Size}, r.Outcome)
}

// waits fills those that can be seen; those that nearly touch become one. The more lanes there are,
// the wider is what is seen, which bounds an SVG.
func (w lanesOf) waits(c *draw.Canvas, waits [][2]float64, y, half vg.Length, x func(float64) vg.Length) {
	least := 0.03 * vg.Length(max(10, len(w.Lanes)))
	var joined []vg.Rectangle
	for _, one := range waits {
		from, to := x(one[0]), x(one[1])
		if n := len(joined); n > 0 && from-joined[n-1].Max.X < 0.2 {
			joined[n-1].Max.X = to
		} else {
			joined = append(joined, box(from, y-half, to, y+half))
		}
	}
	var narrow vg.Path // too narrow for a pattern
	stall := w.l.lanePattern(laneStall)
	for _, r := range joined {
		switch wide := r.Max.X - r.Min.X; {
		case wide >= 2*stall.every:
			stall.fill(c, r)
		case wide >= least:
			narrow = append(narrow, r.Path()...)
		}
	}
	c.SetColor(w.l.accent)
	c.Fill(narrow)
}

// ticks marks the tokens of a lane where they fit: the more lanes there are, the wider apart
// they must be, which bounds an SVG.
func (w lanesOf) ticks(c *draw.Canvas, tokens []float64, y, half vg.Length, x func(float64) vg.Length) {
	line := draw.LineStyle{Color: w.l.colour(0), Width: 0.3 * w.l.stroke}
	n := len(tokens)
	if n > 1 && x(tokens[n-1])-x(tokens[0]) < vg.Length(n-1)*line.Width*max(2.2, 0.22*vg.Length(len(w.Lanes))) {
		return
	}
	var marks vg.Path
	for _, t := range tokens {
		marks.Move(vg.Point{X: x(t), Y: y - 0.55*half})
		marks.Line(vg.Point{X: x(t), Y: y + 0.55*half})
	}
	c.SetLineStyle(line)
	c.Stroke(marks)
}

// lanes numbers every lane, or every fifth or so.
type lanes struct{ n int }

// Ticks implements plot.Ticker.
func (t lanes) Ticks(float64, float64) (out []plot.Tick) {
	each := 1
	for _, step := range []int{2, 5, 10, 20, 50} {
		if t.n/each > 12 {
			each = step
		}
	}
	for i := 1; i <= t.n; i++ {
		if i == 1 || i%each == 0 {
			out = append(out, plot.Tick{Value: float64(-i), Label: term.Count(int64(i))})
		}
	}
	return out
}
