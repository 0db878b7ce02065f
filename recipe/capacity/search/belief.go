package search

import (
	"math"
	"slices"
)

// belief is where the capacity lies: the least of the capacities of the parts of the SLO,
// each taken to be independent of the others.
type belief struct {
	grid
	above []float64 // by rate of the grid: the probability that the capacity is higher
}

// Reach of the grid beyond the rates that were run, and its step before it is refined.
const (
	reach      = 8
	firstStep  = 1.08
	finePoints = 100
)

// believe is what runs say, whose variances are so many times what their windows have. There is
// at least one part with values.
func believe(runs []Run, doubt float64) belief {
	low, high := math.Inf(1), 0.0
	for _, r := range runs {
		low, high = min(low, r.Rate), max(high, r.Rate)
	}
	low, high = low/reach, high*reach
	accounts := gather(runs)
	for _, a := range accounts {
		for i := range a.runs {
			a.runs[i].dispersion *= doubt
		}
	}
	first := spaced(low, high, 2+int(math.Log(high/low)/math.Log(firstStep)))
	b := newGrid(first).combine(accounts)
	// Where it may lie at all, once more and finely.
	from, to := b.quantile(1e-4), b.quantile(1-1e-4)
	from, to = max(low, from/firstStep), min(high, to*firstStep)
	rates := spaced(from, to, finePoints)
	for _, r := range first {
		if r < from/1.001 || r > to*1.001 {
			rates = append(rates, r)
		}
	}
	slices.Sort(rates)
	return newGrid(rates).combine(accounts)
}

func (g grid) combine(parts []account) belief {
	out := belief{grid: g, above: make([]float64, len(g.rates))}
	for i := range out.above {
		out.above[i] = 1
	}
	for _, a := range parts {
		at, above := g.posterior(a.runs, a.tolerance), 1.0
		for i, p := range at {
			out.above[i] *= max(0, above-p/2) // half of what a point stands for lies on either side
			above -= p
		}
	}
	return out
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
