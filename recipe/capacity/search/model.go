package search

import (
	"math"
	"slices"
)

// The model of one part of an SLO. The share beyond its limit rises with the rate r: about
// the rate c at which it is the share t that is tolerated,
//
//	logit(share) - logit(t) = b * (exp(k*d) - 1) / k,   d = r/c - 1,
//
// with a slope b that is not known beforehand: 1 where latency grows with the rate alone, 30
// at the knee of a queue; and a curvature k, none or upwards, since queues grow the faster the fuller a
// server is. Far from c the curve is believed less: its error is bend*|d| of the line b*d.
//
// Counts of one run are not independent draws: their variance is dispersion times that of a
// binomial. How they differ from window to window within the run says how much, and how
// runs differ from one another corrects that by a factor common to all.
//
// Everything unknown is a grid: c, b, k and the factor. The posterior is a sum over
// it, exact up to the grid, the same for the same runs, and takes milliseconds.
const (
	bend = 0.7

	slopeMedian, slopeSigma = 8.0, 1.2 // of the lognormal prior of b
	excessMedian            = 1.6      // likewise of the factor on dispersions
	excessSigma             = 0.4

	// Before anything is seen a dispersion is 10, as if from three values beyond the limit.
	dispersionPrior, dispersionWeight = 10.0, 3.0
	dispersionReach                   = 0.08 // of the logarithm of the rate, within which dispersions are alike
)

func slopes() []float64     { return spaced(0.5, 80, 11) }
func curvatures() []float64 { return []float64{0.01, 3, 6, 12} }
func excesses() []float64   { return spaced(0.8, 6.4, 4) }

// spaced is n numbers from low to high, each the same multiple of the one before.
func spaced(low, high float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = low * math.Pow(high/low, float64(i)/float64(n-1))
	}
	return out
}

// evidence is what one run says of one part.
type evidence struct {
	rate       float64
	beyond, of float64
	squares    float64 // the variance of beyond, as the windows have it
	saturated  float64 // the log likelihood of a model that knew the share
	dispersion float64 // by what the variances near the rate exceed those of binomials
	least      bool    // the run was stopped early: the share would have become larger
}

// tally adds up the windows of a part.
func (p *Part) tally(rate float64, aborted bool) (evidence, bool) {
	e := evidence{rate: rate, least: aborted}
	for _, w := range p.Windows {
		e.beyond += float64(w.Beyond)
		e.of += float64(w.Values)
	}
	if e.of == 0 {
		return e, false
	}
	share := e.beyond / e.of
	for _, w := range p.Windows {
		off := float64(w.Beyond) - share*float64(w.Values)
		e.squares += off * off
	}
	if k := float64(len(p.Windows)); k > 1 {
		e.squares *= k / (k - 1)
	}
	if e.beyond > 0 {
		e.saturated += e.beyond * math.Log(share)
	}
	if rest := e.of - e.beyond; rest > 0 {
		e.saturated += rest * math.Log1p(-share)
	}
	e.dispersion = max(1, e.squares/max(1, e.binomial()))
	return e, true
}

// binomial is the variance of beyond, were values independent draws.
func (e *evidence) binomial() float64 {
	share := e.beyond / e.of
	return e.of * share * (1 - share)
}

// disperse finds the dispersions: pooled, because one run's own is a poor estimate, and a run
// that saw nothing beyond the limit has none, though what it might have seen comes in bursts.
// Runs of about the same rate count most: queues make bursts long.
func disperse(runs []evidence) {
	for i := range runs {
		squares, binomial := dispersionPrior*dispersionWeight, dispersionWeight
		for j := range runs {
			z := math.Log(runs[j].rate/runs[i].rate) / dispersionReach
			weight := math.Exp(-z * z / 2)
			squares += weight * runs[j].squares
			binomial += weight * runs[j].binomial()
		}
		runs[i].dispersion = max(1, squares/binomial)
	}
}

// tolerance keeps a share that nothing may exceed, or everything, within what a logit
// takes.
func (p *Part) tolerance() float64 { return min(max(p.Tolerance, 1e-4), 1-1e-4) }

// likelihood is of a point of the grid.
type likelihood struct {
	excess   []float64
	sum      []float64 // by excess: the log likelihood so far, but for
	variance []float64 // the product of dispersions, whose logarithm is taken once
}

// add takes in what a run says, were the capacity of the part c, and its slope b: an extended
// quasi-likelihood (Nelder and Pregibon, Biometrika 74, 1987), whose dispersion grows by the
// error of the curve. rise is (exp(k*d)-1)/k of the model, odds the logit of the tolerance.
func (l *likelihood) add(e *evidence, d, rise, b, odds float64) {
	logit := odds + min(max(b*rise, -30), 30)
	low := math.Exp(-math.Abs(logit))
	rarer := low / (1 + low) // p or 1-p, whichever is less
	p := rarer
	if logit > 0 {
		p = 1 - rarer
	}
	if e.least && e.beyond <= p*e.of {
		return
	}
	// beyond*log(p) + (of-beyond)*log(1-p), of which logs only one is needed.
	of := -math.Log1p(low) * e.of
	if logit < 0 {
		of += logit * e.beyond
	} else {
		of -= logit * (e.of - e.beyond)
	}
	deviance := e.saturated - of
	off := b * d * min(bend*math.Abs(d), 0.7)
	bent := off * off * e.of * rarer * (1 - rarer)
	for i, x := range l.excess {
		dispersion := x*e.dispersion + bent
		l.sum[i] -= deviance / dispersion
		l.variance[i] *= dispersion
		if l.variance[i] > 1e200 {
			l.settle(i)
		}
	}
}

func (l *likelihood) settle(i int) {
	l.sum[i] -= math.Log(l.variance[i]) / 2
	l.variance[i] = 1
}

// grid is rates at which the posterior is known, ascending, and how much of the
// logarithm of the rate each stands for.
type grid struct {
	rates   []float64
	weights []float64
}

func newGrid(rates []float64) grid {
	g := grid{rates: rates, weights: make([]float64, len(rates))}
	for i := range rates {
		low, high := rates[max(i-1, 0)], rates[min(i+1, len(rates)-1)]
		g.weights[i] = math.Log(high/low) / 2
	}
	return g
}

// posterior is the probability of each rate of the grid to be the capacity of a part.
func (g grid) posterior(runs []evidence, tolerance float64) []float64 {
	odds := math.Log(tolerance / (1 - tolerance))
	slopes, curvatures, excesses := slopes(), curvatures(), excesses()
	each := len(slopes) * len(curvatures) * len(excesses)
	logs := make([]float64, 0, len(g.rates)*each)
	l := likelihood{excess: excesses, variance: make([]float64, len(excesses))}
	rises := make([]float64, len(runs))
	for _, c := range g.rates {
		for _, k := range curvatures {
			for i := range runs {
				rises[i] = math.Expm1(k*min(runs[i].rate/c-1, 3)) / k
			}
			for _, b := range slopes {
				at := len(logs)
				for i, x := range excesses {
					logs = append(logs, logNormal(b, slopeMedian, slopeSigma)+logNormal(x, excessMedian, excessSigma))
					l.variance[i] = 1
				}
				l.sum = logs[at:]
				for i := range runs {
					l.add(&runs[i], runs[i].rate/c-1, rises[i], b, odds)
				}
				for i := range excesses {
					l.settle(i)
				}
			}
		}
	}
	most := slices.Max(logs)
	out := make([]float64, len(g.rates))
	total := 0.0
	for i := range out {
		for _, l := range logs[i*each : (i+1)*each] {
			out[i] += math.Exp(l-most) * g.weights[i]
		}
		total += out[i]
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// logNormal is the logarithm of a lognormal density over the logarithm of v, up to a constant.
func logNormal(v, median, sigma float64) float64 {
	z := math.Log(v/median) / sigma
	return -z * z / 2
}

// belief is where the capacity lies: the least of the capacities of the parts of the SLO,
// each taken to be independent of the others.
type belief struct {
	grid
	above []float64 // by rate of the grid: the probability that the capacity is higher
}

// Reach of the grid beyond the rates that were run, and its step before it is refined.
const (
	reach      = 8
	coarseStep = 1.08
	finePoints = 100
)

// believe is what runs say. There is at least one part with values.
func believe(runs []Run) belief {
	low, high := math.Inf(1), 0.0
	for _, r := range runs {
		low, high = min(low, r.Rate), max(high, r.Rate)
	}
	low, high = low/reach, high*reach
	evidence := gather(runs)
	coarse := spaced(low, high, 2+int(math.Log(high/low)/math.Log(coarseStep)))
	b := newGrid(coarse).combine(evidence)
	// Where it may lie at all, once more and finely.
	from, to := b.quantile(1e-4), b.quantile(1-1e-4)
	from, to = max(low, from/coarseStep), min(high, to*coarseStep)
	rates := spaced(from, to, finePoints)
	for _, r := range coarse {
		if r < from/1.001 || r > to*1.001 {
			rates = append(rates, r)
		}
	}
	slices.Sort(rates)
	return newGrid(rates).combine(evidence)
}

// known is what all runs say of one part.
type known struct {
	runs      []evidence
	tolerance float64
	beyond    float64 // values beyond the limit in all runs
}

// gather sorts what runs say by parts. A part that no value was beyond the limit of bounds nothing
// where another part's were.
func gather(runs []Run) []known {
	var out []known
	most := 0.0
	for _, name := range parts(runs) {
		var k known
		for _, r := range runs {
			for i := range r.Parts {
				if p := &r.Parts[i]; p.Name == name {
					if e, ok := p.tally(r.Rate, r.Aborted); ok {
						k.runs, k.tolerance, k.beyond = append(k.runs, e), p.tolerance(), k.beyond+e.beyond
					}
				}
			}
		}
		if k.runs != nil {
			disperse(k.runs)
			out, most = append(out, k), max(most, k.beyond)
		}
	}
	return slices.DeleteFunc(out, func(k known) bool { return k.beyond == 0 && most > 0 })
}

func (g grid) combine(parts []known) belief {
	out := belief{grid: g, above: make([]float64, len(g.rates))}
	for i := range out.above {
		out.above[i] = 1
	}
	for _, k := range parts {
		at, above := g.posterior(k.runs, k.tolerance), 1.0
		for i, p := range at {
			out.above[i] *= max(0, above-p/2) // half of what a point stands for lies on either side
			above -= p
		}
	}
	return out
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

// quantile is the rate that the capacity is below with probability q.
func (b *belief) quantile(q float64) float64 {
	for i, above := range b.above {
		if above > 1-q {
			continue
		}
		if i == 0 {
			return b.rates[0]
		}
		before := b.above[i-1]
		share := (before - (1 - q)) / (before - above)
		return b.rates[i-1] * math.Pow(b.rates[i]/b.rates[i-1], share)
	}
	return b.rates[len(b.rates)-1]
}

// holds is the probability that the capacity is at least a rate.
func (b *belief) holds(rate float64) float64 {
	i, _ := slices.BinarySearch(b.rates, rate)
	switch i {
	case 0:
		return b.above[0]
	case len(b.rates):
		return b.above[i-1]
	}
	share := math.Log(rate/b.rates[i-1]) / math.Log(b.rates[i]/b.rates[i-1])
	return b.above[i-1] + share*(b.above[i]-b.above[i-1])
}
