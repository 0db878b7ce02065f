package search

import (
	"math"
	"slices"
)

const (
	dispersionPrior  = 10.0 // before anything is seen
	dispersionWeight = 0.3  // of that, in runs
	dispersionReach  = 0.05 // of the logarithm of the rate, within which dispersions are alike
	dispersionKnown  = 10.0 // binomial variance of a run, from which its dispersion is about half known
)

// evidence is what one run says of one part.
type evidence struct {
	rate       float64
	beyond, of float64
	own        float64 // by what its variance, as the windows have it, exceeds a binomial's
	saturated  float64 // the log likelihood of a model that knew the share
	dispersion float64 // that of runs at about the rate
	least      bool    // the run was stopped early: the share would have become larger
}

// tally adds up the windows of a part.
func (p *Part) tally(rate float64, aborted bool) (evidence, bool) {
	e := evidence{rate: rate, least: aborted}
	for _, w := range p.Windows {
		e.beyond += float64(w.Beyond)
		e.of += float64(w.Values)
	}
	if e.of == 0 && aborted { // it got nowhere at all
		e.beyond, e.of = explore, explore
	}
	if e.of == 0 {
		return e, false
	}
	share := e.beyond / e.of
	squares := 0.0
	for _, w := range p.Windows {
		off := float64(w.Beyond) - share*float64(w.Values)
		squares += off * off
	}
	if k := float64(len(p.Windows)); k > 1 {
		squares *= k / (k - 1)
	}
	e.own = max(1, squares/max(1, e.binomial()))
	if e.beyond > 0 {
		e.saturated += e.beyond * math.Log(share)
	}
	if rest := e.of - e.beyond; rest > 0 {
		e.saturated += rest * math.Log1p(-share)
	}
	return e, true
}

// binomial is the variance of beyond, were values independent draws.
func (e *evidence) binomial() float64 {
	share := e.beyond / e.of
	return e.of * share * (1 - share)
}

// dispersionAt is the dispersion of runs at about a rate: pooled, because one run's own is a
// poor estimate, and a run that saw nothing beyond the limit has none, though what it might have
// seen comes in bursts.
func dispersionAt(runs []evidence, rate float64) float64 {
	sum, weights := dispersionPrior*dispersionWeight, dispersionWeight
	for j := range runs {
		z := math.Log(runs[j].rate/rate) / dispersionReach
		known := runs[j].binomial() / (runs[j].binomial() + dispersionKnown)
		weight := known * math.Exp(-z*z/2)
		sum += weight * runs[j].own
		weights += weight
	}
	return sum / weights
}

// tolerance keeps a share that nothing may exceed, or everything, within what a logit
// takes.
func (p *Part) tolerance() float64 { return min(max(p.Tolerance, 1e-4), 1-1e-4) }

// account is what all runs say of one part.
type account struct {
	runs      []evidence
	tolerance float64
	beyond    float64 // values beyond the limit in all runs
	values    float64 // in all runs
	requests  float64
}

// burstS is for how long values share a fate at a rate: as many of them as the dispersion is large.
func (a *account) burstS(rate float64) float64 {
	return dispersionAt(a.runs, rate) * a.requests / a.values / rate
}

// gather sorts what runs say by parts. A part that no value was beyond the limit of bounds nothing
// where another part's were.
func gather(runs []Run) []account {
	var out []account
	most := 0.0
	for _, name := range parts(runs) {
		var a account
		for _, r := range runs {
			for i := range r.Parts {
				if p := &r.Parts[i]; p.Name == name {
					if e, ok := p.tally(r.Rate, r.Aborted); ok {
						a.values, a.requests = a.values+e.of, a.requests+r.requests()
						a.runs, a.tolerance, a.beyond = append(a.runs, e), p.tolerance(), a.beyond+e.beyond
					}
				}
			}
		}
		if a.runs != nil {
			for i := range a.runs {
				a.runs[i].dispersion = dispersionAt(a.runs, a.runs[i].rate)
			}
			out, most = append(out, a), max(most, a.beyond)
		}
	}
	return slices.DeleteFunc(out, func(a account) bool { return a.beyond == 0 && most > 0 })
}

// parts are the names of the parts of the SLO, in order.
func parts(runs []Run) []string {
	var names []string
	for _, r := range runs {
		for _, p := range r.Parts {
			if !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	return names
}
