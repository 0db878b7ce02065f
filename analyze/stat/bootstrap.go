package stat

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// Bootstrap draws the requests of two runs again and again to see how their difference
// moves (Efron and Tibshirani, An Introduction to the Bootstrap, 13.3: percentile
// intervals). Equal fields give equal answers, however many processors there are.
type Bootstrap struct {
	A, B   []float64 // values of requests; where Paired, one of each a pair
	Paired bool      // the i-th of A and of B are drawn together

	Quantiles []float64 // whose differences are asked for, besides that of the mean
	Resamples int
	Seed      uint64
}

// golden keeps the seeds of neighbouring resamples far apart, as Weyl sequences do.
const golden = 0x9e3779b97f4a7c15

// Intervals are those of B - A: of the mean, then of each of Quantiles. Both sides have
// values.
func (s Bootstrap) Intervals() []Interval {
	a, b := rank(s.A), rank(s.B)
	deltas := make([][]float64, 1+len(s.Quantiles)) // by statistic and resample
	for i := range deltas {
		deltas[i] = make([]float64, s.Resamples)
	}
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			drawA, drawB := newDraw(a), newDraw(b)
			for i := w; i < s.Resamples; i += workers {
				s.draw(rand.NewPCG(s.Seed, uint64(i)*golden), drawA, drawB)
				deltas[0][i] = drawB.mean() - drawA.mean()
				for j, q := range s.Quantiles {
					deltas[1+j][i] = drawB.quantile(q) - drawA.quantile(q)
				}
			}
		})
	}
	group.Wait()
	var out []Interval
	for _, d := range deltas {
		slices.Sort(d)
		tail := int((1 - Confidence) / 2 * float64(len(d)))
		out = append(out, Interval{new(d[tail]), new(d[len(d)-1-tail])})
	}
	return out
}

func (s Bootstrap) draw(source *rand.PCG, a, b *draw) {
	a.reset()
	b.reset()
	random := rand.New(source)
	for range s.A {
		i := random.IntN(len(s.A))
		a.count[a.rank[i]]++
		if s.Paired {
			b.count[b.rank[i]]++
		}
	}
	if s.Paired {
		return
	}
	for range s.B {
		b.count[b.rank[random.IntN(len(s.B))]]++
	}
}

// ranked is a sample in ascending order, with the place of each value in it.
type ranked struct {
	sorted []float64
	rank   []int32
}

func rank(values []float64) *ranked {
	order := make([]int32, len(values))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	r := &ranked{sorted: make([]float64, len(values)), rank: make([]int32, len(values))}
	for place, i := range order {
		r.sorted[place], r.rank[i] = values[i], int32(place)
	}
	return r
}

// draw is one resample: how often each value was drawn.
type draw struct {
	*ranked
	count []int32
}

func newDraw(r *ranked) *draw { return &draw{r, make([]int32, len(r.sorted))} }

func (d *draw) reset() { clear(d.count) }

func (d *draw) mean() float64 {
	sum := 0.0
	for i, n := range d.count {
		sum += float64(n) * d.sorted[i]
	}
	return sum / float64(len(d.count))
}

// quantile is the nearest-rank one, found from the end that is nearer.
func (d *draw) quantile(q float64) float64 {
	n := float64(len(d.count))
	atOrBelow := max(1, int64(math.Ceil(q*n-1e-9*n))) // 0.9 of 10 is 9, whatever float64 makes of it
	if q < 0.5 {
		for i, c := range d.count {
			if atOrBelow -= int64(c); atOrBelow <= 0 {
				return d.sorted[i]
			}
		}
	}
	above := int64(n) - atOrBelow
	for i := len(d.count) - 1; i > 0; i-- {
		if above -= int64(d.count[i]); above < 0 {
			return d.sorted[i]
		}
	}
	return d.sorted[0]
}
