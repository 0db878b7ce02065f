package analyze

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawValues makes values on both sides of the dense range, and negative ones.
func drawValues(t *rapid.T, name string) []int64 {
	return rapid.SliceOfN(rapid.OneOf(
		rapid.Int64Range(0, 50), rapid.Int64Range(0, denseValues+10), rapid.Int64Range(-100, 10), rapid.Int64Range(denseValues-2, 1<<40),
	), 0, 60).Draw(t, name)
}

func histOf(values []int64) *Hist {
	h := &Hist{}
	h.Add(values)
	return h
}

// slowSummary sorts, and computes moments over rationals.
func slowSummary(values []int64, scale float64) Summary {
	s := Summary{Count: int64(len(values))}
	if len(values) == 0 {
		return s
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	at := func(rank int) *float64 { return new(float64(sorted[rank]) / scale) }
	// ceil(qN), the fraction of q counted in thousandths by hand.
	rank := func(permille int) int {
		r := 0
		for r*1000 < permille*len(values) {
			r++
		}
		return r - 1
	}
	s.Min, s.Max = at(0), at(len(sorted)-1)
	s.P50, s.P75, s.P90 = at(rank(500)), at(rank(750)), at(rank(900))
	s.P95, s.P99, s.P999 = at(rank(950)), at(rank(990)), at(rank(999))
	sum := new(big.Rat)
	for _, v := range values {
		sum.Add(sum, new(big.Rat).SetInt64(v))
	}
	mean := new(big.Rat).Quo(sum, new(big.Rat).SetInt64(int64(len(values))))
	f, _ := mean.Float64()
	s.Mean = new(f / scale)
	if len(values) > 1 {
		squares := new(big.Rat)
		for _, v := range values {
			d := new(big.Rat).Sub(new(big.Rat).SetInt64(v), mean)
			squares.Add(squares, d.Mul(d, d))
		}
		f, _ := squares.Quo(squares, new(big.Rat).SetInt64(int64(len(values)-1))).Float64()
		s.Stddev = new(math.Sqrt(f) / scale)
	}
	return s
}

// numbers lists the fields of a summary for comparison.
func numbers(s Summary) []*float64 {
	return []*float64{s.Mean, s.Stddev, s.Min, s.Max, s.P50, s.P75, s.P90, s.P95, s.P99, s.P999}
}

// sameSummary fails unless the numbers agree within a relative tolerance; 0 means
// bit for bit.
func sameSummary(t interface{ Fatalf(string, ...any) }, got, want Summary, tolerance float64) {
	if got.Count != want.Count {
		t.Fatalf("count %d, want %d", got.Count, want.Count)
	}
	for i, w := range numbers(want) {
		g := numbers(got)[i]
		if (g == nil) != (w == nil) {
			t.Fatalf("number %d: %v, want %v", i, g, w)
		}
		if g != nil && math.Abs(*g-*w) > tolerance*math.Abs(*w) {
			t.Fatalf("number %d: %v, want %v", i, *g, *w)
		}
	}
}

func TestHistIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawValues(t, "values")
		sameSummary(t, histOf(values).Summary(Nearest, 1e6), slowSummary(values, 1e6), 0)
	})
}

func TestHistMergeIsTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawValues(t, "a"), drawValues(t, "b")
		merged := histOf(a)
		merged.Merge(histOf(b))
		sameSummary(t, merged.Summary(Nearest, 1), histOf(slices.Concat(b, a)).Summary(Nearest, 1), 0)
		sameSummary(t, merged.Summary(Linear, 1), histOf(slices.Concat(b, a)).Summary(Linear, 1), 0)
	})
}

// Where values stop being kept and are counted, and where kept ones meet counted
// ones, nothing changes; and no more room is taken than keeping all would.
func TestHistFromFewToMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var all []int64
		h := &Hist{}
		for range 4 {
			top := rapid.SampledFrom([]int64{10, leastDense - 1, leastDense, 3000, denseValues}).Draw(t, "top")
			n := rapid.SampledFrom([]int{1, leastDense, 2*leastDense - 1, 2 * leastDense, 9 * leastDense}).Draw(t, "n")
			values := make([]int64, n, n+2)
			for i := range values {
				values[i] = rnd.Int64N(top + 1)
			}
			values = append(values, -1, denseValues)
			all = append(all, values...)
			if rapid.Bool().Draw(t, "merge") {
				h.Merge(histOf(values))
			} else {
				h.Add(values)
			}
		}
		slices.Sort(all)
		var got []int64
		for v, n := range h.All() {
			got = append(got, slices.Repeat([]int64{v}, int(n))...)
		}
		if !slices.Equal(got, all) || h.Count() != int64(len(all)) {
			t.Fatalf("%d values, not those %d that were added", len(got), len(all))
		}
		s := h.Summary(Nearest, 1)
		if at := func(permille int) float64 { return float64(all[(permille*len(all)+999)/1000-1]) }; *s.P50 != at(500) || *s.P99 != at(990) || *s.Max != at(1000) {
			t.Fatalf("p50 %v, p99 %v, max %v, want %v, %v, %v", *s.P50, *s.P99, *s.Max, at(500), at(990), at(1000))
		}
		if room := 8*len(h.dense) + 4*len(h.few); room > 4*len(all) {
			t.Fatalf("%d bytes for %d values", room, len(all))
		}
	})
}

func TestSamplesAgreeWithHist(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := drawValues(t, "values")
		var whole, left, right Samples
		for i, v := range values {
			whole.Add(float64(v))
			if i%3 == 0 {
				right.Add(float64(v))
			} else {
				left.Add(float64(v))
			}
		}
		left.Merge(&right)
		for _, m := range Methods() {
			sameSummary(t, left.Summary(m, 1e6), whole.Summary(m, 1e6), 0)
			want := histOf(values).Summary(m, 1e6)
			got := whole.Summary(m, 1e6)
			if got.Stddev != nil && math.Abs(*got.Stddev-*want.Stddev) <= 1e-9*math.Abs(*want.Max-*want.Min) {
				got.Stddev = want.Stddev // of floats about the mean: close, not the same
			}
			if got.Mean != nil && math.Abs(*got.Mean-*want.Mean) <= 1e-9*(math.Abs(*want.Max)+math.Abs(*want.Min)) {
				got.Mean = want.Mean
			}
			sameSummary(t, got, want, 0)
		}
	})
}

// Values come back as they went in, of any kind and over many blocks, until they are sorted.
func TestSamplesKeepOrder(t *testing.T) {
	var s, tail Samples
	var want []float64
	for i := range 3 * blockSize {
		v := float64(i * 7919 % 10_000)
		switch {
		case i == blockSize/2:
			v = 0.1
		case i == blockSize+1:
			v = math.Inf(1)
		case i == blockSize+2:
			v = -5
		case i == 2*blockSize:
			v = 1 << 40
		}
		want = append(want, v)
		if i < 2*blockSize+10 {
			s.Add(v)
		} else {
			tail.Add(v)
		}
	}
	s.Merge(&tail)
	if got := s.Values(); !slices.Equal(got, want) || s.Count() != int64(len(want)) {
		t.Errorf("%d values, not those that went in", len(got))
	}
	slices.Sort(want)
	for range 2 {
		if got := s.Sorted(); !slices.Equal(got, want) || !slices.Equal(s.Values(), want) {
			t.Error("not sorted")
		}
	}
}

func TestUndefinedIsNil(t *testing.T) {
	for i, v := range numbers((&Hist{}).Summary(Nearest, 1)) {
		if v != nil {
			t.Errorf("number %d of nothing is %v", i, *v)
		}
	}
	var one Samples
	one.Add(3)
	if s := one.Summary(Nearest, 1); s.Stddev != nil || *s.Mean != 3 || *s.P999 != 3 {
		t.Errorf("one value: %+v", s)
	}
	var two Samples
	two.Add(1)
	two.Add(math.Inf(1))
	if s := two.Summary(Nearest, 1); s.Mean != nil || s.Max != nil || s.P99 != nil || *s.P50 != 1 || s.Count != 2 {
		t.Errorf("with an unattainable value: %+v", s)
	}
}

// By hand; that the last bit is numpy's, the throughput vectors prove.
func TestLinearIsNumpy(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      Fraction
		want   float64
	}{
		{[]float64{7}, Fraction{99, 100}, 7},
		{[]float64{1, 2, 3, 4}, Fraction{50, 100}, 2.5},
		{[]float64{1, 2, 3, 4}, Fraction{1, 1}, 4},
		{[]float64{1, 2, 3, 4}, Fraction{0, 1}, 1},
		{[]float64{0, 10}, Fraction{90, 100}, 9},
	} {
		if got := Linear.sortedQuantile(c.q, c.values); got != c.want {
			t.Errorf("%v of %v: %v, want %v", c.q, c.values, got, c.want)
		}
	}
}

func TestNearestRank(t *testing.T) {
	for _, c := range []struct {
		permille, n, want int64
	}{{500, 1, 0}, {500, 2, 0}, {500, 3, 1}, {990, 100, 98}, {990, 101, 99}, {999, 1000, 998}, {999, 1001, 999}, {1000, 5, 4}, {0, 5, 0}} {
		if got := nearestRank(Fraction{c.permille, 1000}, c.n); got != c.want {
			t.Errorf("q %d/1000 of %d: rank %d, want %d", c.permille, c.n, got, c.want)
		}
	}
}
