package prefill

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// measure takes each length often, its time longer by noise.
func measure(truth Quadratic, often int, noise func(*rand.Rand) float64) []Point {
	rnd := rand.New(rand.NewPCG(1, 2))
	var points []Point
	for tokens := 16.0; tokens < 40_000; tokens *= 1.4 {
		for range often {
			l := math.Round(tokens)
			points = append(points, Point{int64(l), int64(math.Round(truth.at(l) * noise(rnd)))})
		}
	}
	rnd.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	return points
}

func sameCurve(t *testing.T, got, want Quadratic, within float64) {
	t.Helper()
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"constant", got.ConstantUS, want.ConstantUS}, {"per token", got.PerTokenUS, want.PerTokenUS}, {"per squared token", got.PerTokenSq, want.PerTokenSq}} {
		if math.Abs(c.got-c.want) > within*c.want {
			t.Errorf("%s: %v, want %v within %v", c.name, c.got, c.want, within)
		}
	}
}

var truth = Quadratic{ConstantUS: 6000, PerTokenUS: 60, PerTokenSq: 0.002}

func TestFitFindsTheCurveAgain(t *testing.T) {
	m, err := Fit(measure(truth, 20, func(r *rand.Rand) float64 { return math.Exp(0.05 * r.NormFloat64()) }))
	if err != nil {
		t.Fatal(err)
	}
	sameCurve(t, *m.Curve, truth, 0.05)
	for _, v := range [][3]float64{{m.CI95.Low.ConstantUS, truth.ConstantUS, m.CI95.High.ConstantUS},
		{m.CI95.Low.PerTokenUS, truth.PerTokenUS, m.CI95.High.PerTokenUS}, {m.CI95.Low.PerTokenSq, truth.PerTokenSq, m.CI95.High.PerTokenSq}} {
		if !(v[0] < v[1] && v[1] < v[2]) || v[2]-v[0] > 0.1*v[1] {
			t.Errorf("interval %v to %v about %v", v[0], v[2], v[1])
		}
	}
}

// The interval is that of the fit: of sixteen times the points a quarter as wide, also
// where the bootstrap draws fewer points than there are.
func TestIntervalNarrows(t *testing.T) {
	width := func(often int) float64 {
		m, err := Fit(measure(truth, often, func(r *rand.Rand) float64 { return math.Exp(0.05 * r.NormFloat64()) }))
		if err != nil {
			t.Fatal(err)
		}
		return m.CI95.High.PerTokenUS - m.CI95.Low.PerTokenUS
	}
	if few, many := width(20), width(320); many < few/8 || many > few/2.5 {
		t.Errorf("%v wide, of sixteen times the points %v", few, many)
	}
}

// Points that were thinned out were measured, too.
func TestPointsCountMeasurements(t *testing.T) {
	points := measure(truth, 3000, func(*rand.Rand) float64 { return 1 })
	for _, f := range []func([]Point) (*Model, error){Fit, Envelope} {
		if m, err := f(points); err != nil || len(points) <= maxPoints || m.Points != len(points) {
			t.Errorf("%d points of %d, %v", m.Points, len(points), err)
		}
	}
}

// Waits of others only ever add: half of the requests met none, the others up to
// ten times their own time.
func TestEnvelopeIsBelowTheWaits(t *testing.T) {
	m, err := Envelope(measure(truth, 40, func(r *rand.Rand) float64 {
		own := 1 + 0.02*r.Float64()
		if r.IntN(2) == 0 {
			return own
		}
		return own * (1 + 9*r.Float64())
	}))
	if err != nil {
		t.Fatal(err)
	}
	sameCurve(t, *m.Curve, truth, 0.05)
}

// The order of the points says nothing.
func TestOrderDoesNotMatter(t *testing.T) {
	points := measure(truth, 3, func(r *rand.Rand) float64 { return 1 + r.Float64() })
	for _, f := range []func([]Point) (*Model, error){Fit, Envelope} {
		a, err := f(points)
		if err != nil {
			t.Fatal(err)
		}
		other := slices.Clone(points)
		slices.Reverse(other)
		b, err := f(other)
		if err != nil {
			t.Fatal(err)
		}
		if asText(t, a) != asText(t, b) {
			t.Errorf("%s\nin another order\n%s", asText(t, a), asText(t, b))
		}
	}
}

func asText(t *testing.T, m *Model) string {
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// slowNonNegative walks down the coefficients one by one until none moves: the
// problem is convex, so that is its minimum.
func slowNonNegative(points []Point) [3]float64 {
	scale := 0.0
	for _, p := range points {
		scale = max(scale, float64(p.Tokens))
	}
	var c [3]float64
	for range 200_000 {
		moved := 0.0
		for i := range c {
			top, bottom := 0.0, 0.0
			for _, p := range points {
				x, y := float64(p.Tokens)/scale, float64(p.US)
				f := [3]float64{1 / y, x / y, x * x / y}
				rest := 1 - c[0]*f[0] - c[1]*f[1] - c[2]*f[2] + c[i]*f[i]
				top += rest * f[i]
				bottom += f[i] * f[i]
			}
			next := 0.0
			if bottom > 0 {
				next = max(0, top/bottom)
			}
			moved = max(moved, math.Abs(next-c[i]))
			c[i] = next
		}
		if moved < 1e-10 {
			break
		}
	}
	return [3]float64{c[0], c[1] / scale, c[2] / scale / scale}
}

func squares(q Quadratic, points []Point) float64 {
	sum := 0.0
	for _, p := range points {
		off := 1 - q.at(float64(p.Tokens))/float64(p.US)
		sum += off * off
	}
	return sum
}

func TestNonNegativeIsTheMinimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Point {
			return Point{rapid.Int64Range(0, 20).Draw(t, "tokens"), rapid.Int64Range(10, 100).Draw(t, "us")}
		}), 3, 12).Draw(t, "points")
		if lengths(byLength(points)) < minLengths {
			t.Skip("no curve")
		}
		got := leastSquares(points)
		slow := slowNonNegative(points)
		want := Quadratic{slow[0], slow[1], slow[2]}
		if min(got.ConstantUS, got.PerTokenUS, got.PerTokenSq) < 0 {
			t.Fatalf("below 0: %+v", got)
		}
		if squares(got, points) > squares(want, points)*(1+1e-9)+1e-12 {
			t.Fatalf("%+v leaves %v, %+v only %v", got, squares(got, points), want, squares(want, points))
		}
	})
}

// A server that reads prompts in pages of 4,096 tokens has no quadratic.
func TestStepsAreALine(t *testing.T) {
	var points []Point
	for tokens := int64(100); tokens < 20_000; tokens += 100 {
		points = append(points, Point{tokens, 20_000 << (tokens / 4096)})
	}
	m, err := Fit(points)
	if err != nil {
		t.Fatal(err)
	}
	if m.Curve != nil {
		t.Fatalf("a curve %+v with residuals %+v", *m.Curve, m.Residual)
	}
	for tokens := int64(200); tokens < 19_000; tokens += 700 {
		got, extrapolated := m.US(tokens)
		if want := int64(20_000 << (tokens / 4096)); extrapolated || float64(got) < 0.4*float64(want) || float64(got) > 2.1*float64(want) {
			t.Errorf("%d tokens: %d us, want %d", tokens, got, want)
		}
	}
	if got, extrapolated := m.US(39_800); !extrapolated || got < 2*m.Knots[len(m.Knots)-1].US*98/100 {
		t.Errorf("twice the longest: %d us, extrapolated %v", got, extrapolated)
	}
	if got, extrapolated := m.US(1); !extrapolated || got != 20_000 {
		t.Errorf("below the shortest: %d us, extrapolated %v", got, extrapolated)
	}
}

// slowRising is the definition: the isotonic value of i is the largest over starts
// of the least mean over ends (the min-max formula).
func slowRising(v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = math.Inf(-1)
		for from := 0; from <= i; from++ {
			least := math.Inf(1)
			for to := i; to < len(v); to++ {
				sum := 0.0
				for _, x := range v[from : to+1] {
					sum += x
				}
				least = min(least, sum/float64(to-from+1))
			}
			out[i] = max(out[i], least)
		}
	}
	return out
}

func TestRisingIsIsotonicRegression(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Int64Range(1, 1_000_000), 1, 12).Draw(t, "times")
		var points []Point
		var values []float64
		for i, us := range times {
			points = append(points, Point{int64(100 * (i + 1)), us})
			values = append(values, float64(us))
		}
		var want []int64
		for _, v := range slowRising(values) {
			want = append(want, int64(math.Round(v)))
		}
		var got []int64
		for _, k := range rising(points, 0.5) {
			got = append(got, k.US)
		}
		if want = slices.Compact(want); !slices.Equal(slices.Compact(got), want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

// What is written is read again, and says the same, and never falls.
func TestWriteThenReadIsIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Point {
			return Point{rapid.Int64Range(0, 100_000).Draw(t, "tokens"), rapid.Int64Range(1, 10_000_000).Draw(t, "us")}
		}), 3, 20).Draw(t, "points")
		m, err := Fit(points)
		if err != nil {
			t.Skip(err)
		}
		var b bytes.Buffer
		if err := m.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&b)
		if err != nil {
			t.Fatalf("%v\n%+v", err, m)
		}
		last := int64(0)
		for tokens := int64(0); tokens < 250_000; tokens += 9_973 {
			a, _ := m.US(tokens)
			if b, _ := again.US(tokens); a != b {
				t.Fatalf("%d tokens: %d us, read again %d", tokens, a, b)
			}
			if a < last {
				t.Fatalf("%d tokens take %d us, fewer took %d", tokens, a, last)
			}
			last = a
		}
	})
}

func TestFitRefuses(t *testing.T) {
	for name, points := range map[string][]Point{
		"different lengths": {{10, 5}, {10, 6}, {20, 7}},
		"0 different":       nil,
		"cannot be":         {{10, 0}, {20, 5}, {30, 6}},
	} {
		if m, err := Fit(points); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	const head = `{"format":"metron-prefill","version":1,"min_tokens":1,"max_tokens":9,`
	for name, text := range map[string]string{
		"not a prefill model":    `{}`,
		"version 7":              `{"format":"metron-prefill","version":7}`,
		"unknown field":          head + `"curve":{"per_tokens_us":1}}`,
		"either curve or knots":  head + `"points":3}`,
		"at least 0":             head + `"curve":{"per_token_us":-1}}`,
		"above the one before":   head + `"knots":[{"tokens":5,"us":9},{"tokens":6,"us":8}]}`,
		"range of 9 to 1 tokens": `{"format":"metron-prefill","version":1,"min_tokens":9,"max_tokens":1,"curve":{}}`,
	} {
		if m, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"format":"metron-prefill","version":1,"curve":{"constant_us":6000,"per_token_us":60,"per_token_squared_us":0.002},"min_tokens":16,"max_tokens":32000}`))
	f.Add([]byte(`{"format":"metron-prefill","version":1,"knots":[{"tokens":10,"us":200},{"tokens":20,"us":300}],"min_tokens":10,"max_tokens":20}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		last := int64(0)
		for _, tokens := range []int64{0, 1, 15, 1000, 1 << 20, 1 << 40, math.MaxInt64} {
			us, _ := m.US(tokens)
			if us < last {
				t.Fatalf("%d tokens take %d us, fewer took %d", tokens, us, last)
			}
			last = us
		}
	})
}
