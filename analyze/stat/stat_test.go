package stat

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s = %.10g, want %.10g", what, got, want)
	}
}

// pmf is the binomial distribution by its recurrence: slow and plain.
func pmf(n int64, q float64) []float64 {
	out := make([]float64, n+1)
	for k := range out {
		lg, _ := math.Lgamma(float64(n) + 1)
		lk, _ := math.Lgamma(float64(k) + 1)
		lnk, _ := math.Lgamma(float64(n) - float64(k) + 1)
		out[k] = math.Exp(lg - lk - lnk + float64(k)*math.Log(q) + (float64(n)-float64(k))*math.Log1p(-q))
	}
	return out
}

// The interval covers with at least the level, and no narrower one with equal tails does.
func TestQuantileRanksCover(t *testing.T) {
	for _, q := range []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999} {
		for _, n := range []int64{1, 2, 5, 10, 59, 60, 100, 473, 1000, 7000} {
			p := pmf(n, q)
			below := func(k int64) (sum float64) { // P(B < k)
				for _, v := range p[:k] {
					sum += v
				}
				return sum
			}
			r := QuantileRanks(q, n)
			tail := (1 - Confidence) / 2
			if r.LowKnown {
				if got := below(r.Low + 1); got > tail+1e-9 {
					t.Errorf("q %v n %d: below rank %d lie %v", q, n, r.Low, got)
				}
				if got := below(r.Low + 2); got <= tail-1e-9 {
					t.Errorf("q %v n %d: rank %d would do for a lower end", q, n, r.Low+1)
				}
			} else if got := below(1); got <= tail {
				t.Errorf("q %v n %d: no lower end, though the smallest value is one", q, n)
			}
			if r.HighKnown {
				if got := 1 - below(r.High+1); got > tail+1e-9 {
					t.Errorf("q %v n %d: above rank %d lie %v", q, n, r.High, got)
				}
			} else if got := 1 - below(n); got <= tail {
				t.Errorf("q %v n %d: no upper end, though the largest value is one", q, n)
			}
		}
	}
}

func TestSupportIsMLPerfs(t *testing.T) {
	for q, want := range map[float64]int64{0.9: 64, 0.95: 130, 0.99: 662, 0.999: 6636} {
		if got := Support(q); got != want {
			t.Errorf("Support(%v) = %d, want %d", q, got, want)
		}
	}
}

// Where every cluster is one value, Woodruff's interval is the binomial one.
func TestWoodruffOfSingles(t *testing.T) {
	var w Woodruff
	const n, q = 10000, 0.9
	for i := range n {
		below := int64(0)
		if i < n*q {
			below = 1
		}
		w.Add(Cluster{below, 1})
	}
	low, high, ok := w.Interval(q, n)
	half := 1.959964 * math.Sqrt(q*(1-q)/n)
	if !ok {
		t.Fatal("no interval")
	}
	near(t, "low", low, q-half, 1e-5)
	near(t, "high", high, q+half, 1e-5)
}

// A quarter of the clusters tells how wide the interval of all is.
func TestWoodruffOfSample(t *testing.T) {
	random := rand.New(rand.NewPCG(25, 26))
	var all, quarter Woodruff
	const n = 20_000
	for i := range n {
		c := Cluster{Total: 1 + random.Int64N(100)}
		c.Below = c.Total * random.Int64N(101) / 100
		if all.Add(c); i%4 == 0 {
			quarter.Add(c)
		}
	}
	low, high, _ := all.Interval(0.5, n)
	l, h, ok := quarter.Interval(0.5, n)
	if width := (h - l) / (high - low); !ok || width < 0.97 || width > 1.03 {
		t.Errorf("of all %v to %v, of a quarter %v to %v", low, high, l, h)
	}
}

// Clusters of c equal values say no more than one value each.
func TestWoodruffOfCopies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		below := rapid.SliceOfN(rapid.Bool(), 2, 50).Draw(t, "below")
		c := rapid.Int64Range(1, 9).Draw(t, "copies")
		var one, many, parts Woodruff
		for i, b := range below {
			k := int64(0)
			if b {
				k = 1
			}
			one.Add(Cluster{k, 1})
			many.Add(Cluster{k * c, c})
			part := Woodruff{}
			part.Add(Cluster{k * c, c})
			if i%2 == 0 {
				parts.Merge(&part)
			} else {
				part.Merge(&parts)
				parts = part
			}
		}
		if parts != many {
			t.Fatalf("merged %+v, whole %+v", parts, many)
		}
		l1, h1, ok1 := one.Interval(0.9, one.clusters)
		l2, h2, ok2 := many.Interval(0.9, many.clusters)
		if ok1 != ok2 || math.Abs(l1-l2)+math.Abs(h1-h2) > 1e-9 {
			t.Fatalf("copies: %v %v, singles: %v %v", l2, h2, l1, h1)
		}
	})
}

func TestWilcoxonAgainstEverySign(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 12; n++ {
		d := make([]float64, n)
		for i := range d {
			d[i] = random.NormFloat64() + 0.4
		}
		got, ok := Wilcoxon(append(d, 0)) // a zero is left out
		if !ok {
			t.Fatal("no answer")
		}
		ranks, _ := midranks(absolute(d))
		sum := func(signs uint) (s float64) {
			for i, r := range ranks {
				if signs>>i&1 == 1 {
					s += r
				}
			}
			return s
		}
		observed := uint(0)
		for i, v := range d {
			if v > 0 {
				observed |= 1 << i
			}
		}
		low, high := 0.0, 0.0
		for signs := range uint(1) << n {
			if sum(signs) <= sum(observed) {
				low++
			}
			if sum(signs) >= sum(observed) {
				high++
			}
		}
		near(t, "p", got, min(1, 2*min(low, high)/float64(uint(1)<<n)), 1e-12)
	}
	if _, ok := Wilcoxon([]float64{0, 0}); ok {
		t.Error("zeros alone have no answer")
	}
}

func absolute(d []float64) (out []float64) {
	for _, v := range d {
		out = append(out, math.Abs(v))
	}
	return out
}

func TestMannWhitneyAgainstEveryArrangement(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for n := 1; n <= 5; n++ {
		for m := 1; m <= 6; m++ {
			all := make([]float64, n+m)
			for i := range all {
				all[i] = random.Float64()
			}
			u := func(isX func(int) bool) (wins float64) {
				for i, x := range all {
					for j, y := range all {
						if isX(i) && !isX(j) && x > y {
							wins++
						}
					}
				}
				return wins
			}
			observed := u(func(i int) bool { return i < n })
			low, high, ways := 0.0, 0.0, 0.0
			for set := range uint(1) << (n + m) {
				if bits.OnesCount(set) != n {
					continue
				}
				ways++
				v := u(func(i int) bool { return set>>i&1 == 1 })
				if v <= observed {
					low++
				}
				if v >= observed {
					high++
				}
			}
			p, a12, _ := MannWhitney(all[:n], all[n:])
			near(t, "p", p, min(1, 2*min(low, high)/ways), 1e-12)
			near(t, "A12", a12, observed/float64(n*m), 1e-12)
		}
	}
}

// With many values the approximations must meet what counting gives.
func TestNormalApproximations(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var x, y []float64
	for range 20 {
		x, y = append(x, random.NormFloat64()), append(y, random.NormFloat64()+0.7)
	}
	exact, _, _ := MannWhitney(x, y)
	ranks, ties := midranks(slices.Concat(x, y))
	u := -20 * 21 / 2.0
	for _, r := range ranks[:20] {
		u += r
	}
	near(t, "Mann-Whitney", normalP(u-200, 400.0/12*(41-ties)), exact, 0.002)

	differences := make([]float64, 50)
	for i := range differences {
		differences[i] = random.NormFloat64() + 0.3
	}
	exact, _ = Wilcoxon(differences)
	many, _ := Wilcoxon(append(slices.Clone(differences), 1e-9)) // one more: approximated
	near(t, "Wilcoxon", many, exact, 0.01)
}

func TestTiesAlone(t *testing.T) {
	p, a12, ok := MannWhitney([]float64{1, 1, 1}, []float64{1, 1})
	if !ok || p != 1 || a12 != 0.5 {
		t.Errorf("equal values: p %v, A12 %v, %v", p, a12, ok)
	}
	if _, _, ok := MannWhitney(nil, []float64{1}); ok {
		t.Error("an empty sample has an answer")
	}
}

// The limit's own quantiles: D of 1.3581 has 5 %, 1.6276 has 1 % (Smirnov's table).
func TestKolmogorov(t *testing.T) {
	near(t, "Q(1.3581)", kolmogorov(1.3581), 0.05, 5e-6)
	near(t, "Q(1.6276)", kolmogorov(1.6276), 0.01, 5e-6)
	near(t, "Q(0.2)", kolmogorov(0.2), 1, 1e-12)
	d, p, ok := Smirnov([]float64{1, 2, 3, 4}, []float64{3, 4, 5, 6})
	if !ok || d != 0.5 || p < 0.5 {
		t.Errorf("d %v, p %v", d, p)
	}
	if _, _, ok := Smirnov(nil, []float64{1}); ok {
		t.Error("an empty sample has an answer")
	}
}

func TestHolm(t *testing.T) {
	got := Holm([]float64{0.01, 0.04, 0.03, 0.005})
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		near(t, "adjusted", got[i], want, 1e-12)
	}
}

func TestDifference(t *testing.T) {
	a := Estimate{100, Interval{new(90.0), new(120.0)}}
	b := Estimate{150, Interval{new(145.0), nil}}
	d := Difference(a, b, 0)
	if d.Value != 50 || d.High != nil || *d.Low != 50-math.Hypot(5, 20) {
		t.Errorf("got %v in %v", d.Value, d.Interval)
	}
	if !d.Excludes(0) || d.Excludes(60) {
		t.Error("an end alone excludes what lies beyond it")
	}
}

// The interval holds the truth about as often as it says, for pairs and for strangers.
func TestBootstrapCovers(t *testing.T) {
	const runs, n = 150, 120
	for _, paired := range []bool{true, false} {
		covered := [2]int{}
		for seed := range uint64(runs) {
			random := rand.New(rand.NewPCG(seed, 9))
			a, b := make([]float64, n), make([]float64, n)
			for i := range a {
				common := random.NormFloat64()
				a[i], b[i] = common+random.NormFloat64(), common+random.NormFloat64()+1
			}
			got := Bootstrap{A: a, B: b, Paired: paired, Quantiles: []float64{0.5}, Resamples: 300, Seed: seed}.Intervals()
			for j, interval := range got {
				if !interval.Excludes(1) {
					covered[j]++
				}
			}
		}
		for j, n := range covered {
			if n < runs*88/100 { // 95 % less four standard errors
				t.Errorf("paired %v, statistic %d: %d of %d intervals hold the truth", paired, j, n, runs)
			}
		}
	}
}

// A resample's quantile is that of the values drawn.
func TestDrawQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-5, 5), 1, 40).Draw(t, "values")
		permille := rapid.Int64Range(1, 999).Draw(t, "permille")
		d := newDraw(rank(values))
		var drawn []float64
		for range values {
			i := rapid.IntRange(0, len(values)-1).Draw(t, "i")
			d.count[d.rank[i]]++
			drawn = append(drawn, values[i])
		}
		slices.Sort(drawn)
		at := (permille*int64(len(drawn)) + 999) / 1000
		if got, want := d.quantile(float64(permille)/1000), drawn[at-1]; got != want {
			t.Fatalf("%d permille of %v is %v, want %v", permille, drawn, got, want)
		}
	})
}

func TestBootstrapRepeats(t *testing.T) {
	s := Bootstrap{A: []float64{1, 5, 2, 8}, B: []float64{2, 4, 4, 9}, Paired: true, Quantiles: []float64{0.9}, Resamples: 99, Seed: 7}
	first, second := s.Intervals(), s.Intervals()
	for i := range first {
		if *first[i].Low != *second[i].Low || *first[i].High != *second[i].High {
			t.Errorf("statistic %d: %v and %v", i, first[i], second[i])
		}
	}
}

func TestWarmUp(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	var values []float64
	for i := range 1000 {
		v := 10 + random.NormFloat64()
		if i < 100 {
			v += 20 * (1 - float64(i)/100)
		}
		values = append(values, v)
	}
	cut, ok := WarmUp(values)
	if !ok || cut < 60 || cut > 200 {
		t.Errorf("a ramp of 100 values is cut at %d (%v)", cut, ok)
	}
	for i := range values {
		values[i] = float64(i) // rises to the end
	}
	if cut, ok := WarmUp(values); ok {
		t.Errorf("what never settles was cut at %d", cut)
	}
	if _, ok := WarmUp(values[:7]); ok {
		t.Error("seven values settle nothing")
	}
}

// The oracle is the definition: every cut's standard error, computed anew.
func TestWarmUpAgainstEveryCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 100), 0, 150).Draw(t, "values")
		var means []float64
		for i := 0; i+5 <= len(values); i += 5 {
			means = append(means, (values[i]+values[i+1]+values[i+2]+values[i+3]+values[i+4])/5)
		}
		errorAt := func(cut int) float64 {
			rest := means[cut:]
			mean, squares := 0.0, 0.0
			for _, m := range rest {
				mean += m / float64(len(rest))
			}
			for _, m := range rest {
				squares += (m - mean) * (m - mean)
			}
			return squares / float64(len(rest)*len(rest))
		}
		cut, ok := WarmUp(values)
		if !ok {
			if len(means) < 10 {
				return
			}
			early, late := math.Inf(1), math.Inf(1)
			for other := 0; other <= len(means)-5; other++ {
				if other <= len(means)/2 {
					early = min(early, errorAt(other))
				} else {
					late = min(late, errorAt(other))
				}
			}
			if early < late-1e-9 {
				t.Fatalf("refused, but a cut that leaves half has the error %v, the best that leaves less %v", early, late)
			}
			return
		}
		if len(means) < 10 || cut > len(values)/2 {
			t.Fatalf("cut at %d of %d values", cut, len(values))
		}
		for other := 0; other <= len(means)-5; other++ {
			if errorAt(other) < errorAt(cut/5)-1e-9 {
				t.Fatalf("cut at mean %d (error %v), but mean %d has %v", cut/5, errorAt(cut/5), other, errorAt(other))
			}
		}
	})
}

// TestSteady: most of a ramp up and of a drain are cut off, noise or not.
func TestSteady(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	shape := func(up, level, down int, noise float64) []float64 {
		var values []float64
		for i := range up {
			values = append(values, 100*float64(i)/float64(up))
		}
		for range level {
			values = append(values, 100+noise*rnd.NormFloat64())
		}
		for i := range down {
			values = append(values, 100*float64(down-i)/float64(down))
		}
		return values
	}
	for _, c := range []struct {
		name            string
		values          []float64
		from, to, error int
		ok              bool
	}{
		{"too few", shape(0, 49, 0, 0), 0, 0, 0, false},
		{"all the same", shape(0, 50, 0, 0), 0, 50, 0, true},
		{"between two ramps", shape(30, 200, 20, 0), 30, 230, 10, true},
		{"with noise", shape(60, 300, 60, 3), 60, 360, 30, true},
		{"never", shape(200, 0, 0, 0), 0, 0, 0, false},
	} {
		from, to, ok := Steady(c.values)
		if ok != c.ok || max(from-c.from, c.from-from) > c.error || max(to-c.to, c.to-to) > c.error {
			t.Errorf("%s: %d to %d, %v; want %d to %d, %v", c.name, from, to, ok, c.from, c.to, c.ok)
		}
	}
}
