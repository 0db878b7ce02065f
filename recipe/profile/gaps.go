package profile

import (
	"cmp"
	"math"
	"slices"

	"metron/analyze/prefill"
)

const (
	// atOnce is how many lengths are added before the curve is fitted again.
	atOnce = 2
	// nearest is how far apart two lengths are, as a ratio, between which a third tells
	// something new.
	nearest = 1.2
)

// gap lies between two measured lengths that are neighbours.
type gap struct {
	middle int64   // the length between them, as far from either in ratio
	off    float64 // how far the curve may be off there, as a share of it
}

// gapsOf are those of a model, the most uncertain first.
func gapsOf(m *prefill.Model) (gaps []gap) {
	for i := 1; i < len(m.Lengths); i++ {
		a, b := m.Lengths[i-1], m.Lengths[i]
		g := gap{middle: int64(math.Round(math.Sqrt(float64(a.Tokens) * float64(b.Tokens)))), off: max(misfit(m, i-1), misfit(m, i))}
		if low, high, ok := m.Band(g.middle); ok {
			us, _ := m.US(g.middle)
			g.off = max(g.off, float64(high-low)/2/float64(max(1, us)))
		}
		if float64(b.Tokens) >= nearest*nearest*float64(a.Tokens) {
			gaps = append(gaps, g)
		}
	}
	slices.SortStableFunc(gaps, func(a, b gap) int { return cmp.Compare(b.off, a.off) })
	return gaps
}

// misfit is how far the model lies outside of the interval of length i, as a share of
// what was measured there. A line through the medians is held against its neighbours':
// it would otherwise be right everywhere.
func misfit(m *prefill.Model, i int) float64 {
	l := m.Lengths[i]
	low, high, model := l.MinUS, l.MaxUS, float64(l.ModelUS)
	if l.LowUS != nil && l.HighUS != nil {
		low, high = *l.LowUS, *l.HighUS
	}
	if m.Curve == nil {
		if i == 0 || i == len(m.Lengths)-1 {
			return 0
		}
		a, b := m.Lengths[i-1], m.Lengths[i+1]
		model = float64(a.MedianUS) + float64(b.MedianUS-a.MedianUS)*float64(l.Tokens-a.Tokens)/float64(b.Tokens-a.Tokens)
	}
	return max(0, float64(low)-model, model-float64(high)) / float64(l.MedianUS)
}

// widest are the middles of at most n gaps that are less certain than asked, rising.
func widest(gaps []gap, precision float64, n int) (lengths []int64) {
	for _, g := range gaps {
		if len(lengths) < n && g.off > precision {
			lengths = append(lengths, g.middle)
		}
	}
	slices.Sort(lengths)
	return lengths
}
