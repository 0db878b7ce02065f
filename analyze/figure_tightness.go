package analyze

import (
	"metron/analyze/plot"
	"metron/internal/term"
)

// goodputTries is the kind goodput_tightness: every SLO, judged as tight and as loose as the
// figure shows it.
type goodputTries struct{ *slos }

// scales are how tight, in hundredths of the times of an SLO.
func scales() []int64 {
	return []int64{25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100, 115, 130, 150, 175, 200, 230, 260, 300, 350, 400}
}

// defaultSLO is what is judged where nothing was asked: the deadlines of the analysis.
func defaultSLO() SLO {
	return SLO{Name: "fluidity>=0.9", Constraints: []Constraint{{Metric: "fluidity", Scope: ScopeRequest, Limit: Fraction{9, 10}}}}
}

func newGoodputTries(c *Config) gatherer {
	own := *c
	if len(own.SLOs) == 0 {
		own.SLOs = []SLO{defaultSLO()}
	}
	return &goodputTries{slosOf(&own, scales())}
}

func (g *goodputTries) merge(o gatherer) { g.slos.merge(o.(*goodputTries).slos) }

func tightnessFigure(r figureRun) (plot.Data, string) {
	s := r.gathered.(*goodputTries)
	p := plot.Tightness{}
	requests := int64(0)
	for i := range s.one {
		t := &s.one[i]
		if !t.ofRequests() {
			continue // nothing that a request could meet
		}
		curve := plot.TightnessCurve{Name: t.slo.Name, Target: t.target(s.config).Float()}
		for i, a := range t.attained(s.tries) {
			if a.judged == 0 {
				continue
			}
			requests = max(requests, a.judged)
			curve.Scales = append(curve.Scales, float64(s.tries[i])/100)
			curve.Shares = append(curve.Shares, float64(a.good)/float64(a.judged))
			if d := r.DurationS; d != nil && *d > 0 {
				curve.PerS = append(curve.PerS, float64(a.good) / *d)
			}
		}
		if len(curve.Scales) > 0 {
			p.Curves = append(p.Curves, curve)
		}
	}
	if len(p.Curves) == 0 {
		return nil, "no request was judged by an SLO that a request by itself can meet (an SLO such as 'ttft.p99<=2s' bounds all of them together)"
	}
	p.Subtitle = r.caption("N = "+term.Count(requests)+" requests", "every time of the SLO is multiplied by the scale", r.deadlinesText()+" at 1×")
	return p, ""
}
