package burstiness

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"
)

func TestAgainstGonum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps := rapid.SliceOfN(rapid.Int64Range(0, 5_000_000), 0, 200).Draw(t, "gaps")
		length := rapid.Int64Range(1, 20_000_000).Draw(t, "length")
		at := rapid.Int64Range(-1e15, 1e15).Draw(t, "first")
		arrivals := []int64{at}
		for _, gap := range gaps {
			at += gap
			arrivals = append(arrivals, at)
		}
		var g Gaps
		w := Windows{LengthUS: length}
		for _, us := range arrivals {
			g.Add(us)
			w.Add(us)
		}
		values := make([]float64, len(gaps))
		for i, gap := range gaps {
			values[i] = float64(gap)
		}
		mean, std := stat.MeanStdDev(values, nil)
		same(t, "CV", g.CV, std/mean, len(gaps) >= 2 && mean > 0)

		if whole := (at - arrivals[0]) / length; whole < 100_000 {
			counts := make([]float64, whole)
			for _, us := range arrivals {
				if i := (us - arrivals[0]) / length; i < whole {
					counts[i]++
				}
			}
			mean, variance := stat.MeanVariance(counts, nil)
			same(t, "dispersion", w.Dispersion, variance/mean, whole >= 2)
		}
	})
}

func same(t *rapid.T, name string, got func() (float64, bool), want float64, defined bool) {
	v, ok := got()
	if ok != defined || ok && math.Abs(v-want) > 1e-6*max(1, want) {
		t.Fatalf("%s %v %v, want %v %v", name, v, ok, want, defined)
	}
}

// TestPoissonIsOne, and a clock's ticks 0.
func TestPoissonIsOne(t *testing.T) {
	src := rand.New(rand.NewPCG(1, 2))
	var g, ticks Gaps
	w, even := Windows{LengthUS: 1e6}, Windows{LengthUS: 1e6}
	at := 0.0
	for i := range int64(200_000) {
		at += src.ExpFloat64() * 100_000
		g.Add(int64(at))
		w.Add(int64(at))
		ticks.Add(i * 100_000)
		even.Add(i * 100_000)
	}
	for name, got := range map[string]func() (float64, bool){"CV": g.CV, "dispersion": w.Dispersion} {
		if v, ok := got(); !ok || math.Abs(v-1) > 0.03 {
			t.Errorf("Poisson: %s %v %v", name, v, ok)
		}
	}
	for name, got := range map[string]func() (float64, bool){"CV": ticks.CV, "dispersion": even.Dispersion} {
		if v, ok := got(); !ok || v != 0 {
			t.Errorf("ticks: %s %v %v", name, v, ok)
		}
	}
}
