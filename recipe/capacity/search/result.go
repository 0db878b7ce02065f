package search

import (
	"cmp"
	"math"
	"slices"

	"metron/analyze/stat"
)

// Result is what the runs so far say.
func (s *Search) Result() Result {
	r := Result{Ended: s.ended(), Runs: len(s.runs)}
	passed, failed := s.bracket()
	for _, run := range s.runs {
		r.Seconds += run.Seconds
	}
	if passed == 0 && math.IsInf(failed, 1) {
		return r
	}
	b := s.belief()
	if passed > 0 {
		r.Highest, r.Interval.Low = &passed, new(b.quantile(0.025))
	}
	if !math.IsInf(failed, 1) {
		r.Lowest, r.Interval.High = &failed, new(b.quantile(0.975))
	}
	if r.Highest != nil && r.Lowest != nil {
		r.Capacity = new(b.quantile(0.5))
	}
	r.Curve = s.curve()
	return r
}

// curve is the runs by their rates.
func (s *Search) curve() []CurvePoint {
	byRate := map[float64][]Run{}
	for _, r := range s.runs {
		byRate[r.Rate] = append(byRate[r.Rate], r)
	}
	var out []CurvePoint
	for rate, runs := range byRate {
		p := CurvePoint{Rate: rate, Runs: len(runs), Holds: s.belief().holds(rate)}
		for i := range runs {
			if runs[i].Pass != nil && !runs[i].failed() {
				p.Passed++
			}
		}
		p.bind(runs)
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b CurvePoint) int { return cmp.Compare(a.Rate, b.Rate) })
	return out
}

// bind finds the part of the SLO that failed most, or was nearest to.
func (p *CurvePoint) bind(runs []Run) {
	worst := math.Inf(-1)
	for _, name := range parts(runs) {
		beyond, of, dispersion, tolerance := 0.0, 0.0, 1.0, 0.0
		for _, r := range runs {
			for i := range r.Parts {
				if e, ok := r.Parts[i].tally(r.Rate, false); ok && r.Parts[i].Name == name {
					beyond, of, dispersion = beyond+e.beyond, of+e.of, max(dispersion, e.own)
					tolerance = r.Parts[i].tolerance()
				}
			}
		}
		if over := beyond / of / tolerance; of > 0 && over > worst {
			worst = over
			p.Binding, p.Beyond, p.Limit = name, beyond/of, tolerance
			p.Interval = stat.Share(int64(beyond/dispersion), int64(of/dispersion))
		}
	}
}
