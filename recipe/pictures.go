package recipe

import (
	"fmt"

	"metron/analyze/plot"
	"metron/internal/term"
	"metron/schema/inspect/demand"
)

// DrawWorkload draws what a trace asks of a server as PNG and SVG into a folder,
// and gives the names of the files that it wrote.
func DrawWorkload(w *demand.Workload, dir string) ([]string, error) {
	var files []string
	for _, p := range pictures(w) {
		figure, err := p.lines.Figure(plot.Style{})
		if err != nil {
			return files, err
		}
		written, err := figure.Write(dir, p.name, plot.PNG, plot.SVG)
		files = append(files, written...)
		if err != nil {
			return files, err
		}
	}
	return files, nil
}

// picture is a figure and the name of its files.
type picture struct {
	name  string
	lines plot.Lines
}

func pictures(w *demand.Workload) []picture {
	of := w.Name + "; N = " + term.Count(w.Rows) + " requests"
	out := []picture{
		{"rate_over_time", rateLines(w.Arrivals, of)},
		{"burstiness", burstLines(w.Arrivals, of)},
		{"lengths", cdfLines("Lengths", of, "tokens", false, curveOf("input tokens", w.InputTokens), curveOf("output tokens", w.OutputTokens))},
	}
	if s := w.Sessions; s != nil {
		of := fmt.Sprintf("%s; N = %s sessions", w.Name, term.Count(s.Count))
		out = append(out, picture{"turns", cdfLines("Requests of a session", of, "requests", false, curveOf("", s.Turns))})
		if s.ThinkS.Count > 0 {
			out = append(out, picture{"think_time", cdfLines("Think time", of, "think time", true, curveOf("", s.ThinkS))})
		}
	}
	if w.Reuse != nil {
		out = append(out, picture{"prefix_reuse", reuseLines(w.Reuse, of)})
	}
	return out
}

func rateLines(a demand.Arrivals, of string) plot.Lines {
	unit, name := 1.0, "seconds"
	switch span := a.StepS * float64(len(a.PerStep)); {
	case span > 3*86400:
		unit, name = 86400, "days"
	case span > 3*3600:
		unit, name = 3600, "hours"
	case span > 10*60:
		unit, name = 60, "minutes"
	}
	l := plot.Lines{Title: "Requests over time", Subtitle: fmt.Sprintf("%s; in steps of %s; dashed: the mean", of, demand.Round(a.StepS)),
		XLabel: name + " after the first request", YLabel: "requests/s"}
	c := plot.Curve{Step: true}
	for i, n := range a.PerStep {
		c.X, c.Y = append(c.X, float64(i)*a.StepS/unit), append(c.Y, float64(n)/a.StepS)
	}
	if len(c.X) > 0 { // the last step has a length, too
		c.X, c.Y = append(c.X, float64(len(a.PerStep))*a.StepS/unit), append(c.Y, c.Y[len(c.Y)-1])
	}
	if a.RatePerS != nil {
		l.Level = *a.RatePerS
	}
	l.Curves = []plot.Curve{c}
	return l
}

func burstLines(a demand.Arrivals, of string) plot.Lines {
	l := plot.Lines{Title: "How bursty requests come", Subtitle: of, XLabel: "length of the windows",
		YLabel: "index of dispersion", LogX: true, LogY: true, Seconds: true, Level: 1}
	if a.CV != nil {
		l.Subtitle += fmt.Sprintf("; CV of the gaps %.3g", *a.CV)
	}
	l.Subtitle += "; dashed: Poisson"
	var c plot.Curve
	for _, d := range a.Dispersion {
		c.X, c.Y = append(c.X, d.WindowS), append(c.Y, d.Index)
	}
	l.Curves = []plot.Curve{c}
	return l
}

func curveOf(name string, d demand.Distribution) plot.Curve {
	c := plot.Curve{Name: name, Step: true}
	if len(d.CDF) > 0 { // it rises from nothing
		c.X, c.Y = []float64{d.CDF[0].Value}, []float64{0}
	}
	for _, p := range d.CDF {
		c.X, c.Y = append(c.X, p.Value), append(c.Y, p.Share)
	}
	return c
}

func cdfLines(title, of, x string, seconds bool, curves ...plot.Curve) plot.Lines {
	return plot.Lines{Title: title, Subtitle: of, XLabel: x, YLabel: "share at or below", LogX: true, Shares: true, Seconds: seconds, Curves: curves}
}

func reuseLines(r *demand.Reuse, of string) plot.Lines {
	l := plot.Lines{Title: "Prefix reuse by the size of the cache", LogX: true, Shares: true, YLabel: "share of the prompts",
		XLabel:   fmt.Sprintf("blocks of %s %s", term.Count(r.BlockSize), r.Unit),
		Subtitle: fmt.Sprintf("%s; %s blocks, %s of them distinct; the least recently used one is evicted", of, term.Count(r.Blocks), term.Count(r.Distinct))}
	all, own, tokens := plot.Curve{Name: "blocks"}, plot.Curve{Name: "blocks of the session's turn before"}, plot.Curve{Name: "tokens"}
	for _, h := range r.Curve {
		x := float64(h.CacheBlocks)
		all.X, all.Y = append(all.X, x), append(all.Y, h.Blocks)
		own.X, own.Y = append(own.X, x), append(own.Y, h.OwnBlocks)
		if h.Tokens != nil {
			tokens.X, tokens.Y = append(tokens.X, x), append(tokens.Y, *h.Tokens)
		}
	}
	l.Curves = []plot.Curve{all, tokens}
	if r.Unbounded().OwnBlocks > 0 {
		l.Curves = append(l.Curves, own)
	}
	return l
}
