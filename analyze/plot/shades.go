package plot

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"
)

// Shade is a stretch of time that is not to be read like the others.
type Shade struct {
	FromS, ToS float64
	Kind       ShadeKind
}

// ShadeKind is why.
type ShadeKind string

const (
	ShadeLeftOut ShadeKind = "not measured"
	ShadeSuspect ShadeKind = "SUSPECT: p99 send lag over 1 ms"
	ShadeInvalid ShadeKind = "INVALID: over 10 ms"
)

// shade is how a kind is filled.
func (l look) shade(k ShadeKind) pattern {
	switch k {
	case ShadeSuspect:
		return pattern{area: l.wait}
	case ShadeInvalid:
		return pattern{area: l.wait, line: draw.LineStyle{Color: l.accent, Width: 0.3 * l.stroke}, rising: true, every: 0.6 * l.text}
	}
	return pattern{area: tint(l.grey, 0x24)}
}

// shades fills the stretches of time that are not like the others.
type shades struct {
	list []Shade
	l    look
}

// Plot implements plot.Plotter.
func (s shades) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, one := range s.list {
		from, to := max(x(one.FromS), c.Min.X), min(x(one.ToS), c.Max.X)
		if from < to {
			s.l.shade(one.Kind).fill(&c, box(from, c.Min.Y, to, c.Max.Y))
		}
	}
}

// shadeKey are the kinds that there are.
func (l look) shadeKey(list []Shade) (out []keyEntry) {
	for _, kind := range []ShadeKind{ShadeLeftOut, ShadeSuspect, ShadeInvalid} {
		for _, one := range list {
			if one.Kind == kind {
				out = append(out, keyEntry{label: string(kind), pattern: new(l.shade(kind))})
				break
			}
		}
	}
	return out
}
