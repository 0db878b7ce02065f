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
	excessMedian            = 2.2      // likewise of the factor on dispersions
	excessSigma             = 0.4
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
