package generate

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

func draws(t testing.TB, text string, n int) []float64 {
	t.Helper()
	draw, err := openNumbers("--input-lengths", text, false, 7)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = draw()
	}
	return values
}

// TestDistributions holds each against gonum's distribution function.
func TestDistributions(t *testing.T) {
	for text, cdf := range map[string]func(float64) float64{
		"normal:mean=500,std=100":         distuv.Normal{Mu: 500, Sigma: 100}.CDF,
		"lognormal:median=500,sigma=0.8":  distuv.LogNormal{Mu: math.Log(500), Sigma: 0.8}.CDF,
		"lognormal:mean=500,sigma=0.8":    distuv.LogNormal{Mu: math.Log(500) - 0.32, Sigma: 0.8}.CDF,
		"exponential:mean=8":              distuv.Exponential{Rate: 1.0 / 8}.CDF,
		"lognormal:median=500,sigma=0.01": distuv.LogNormal{Mu: math.Log(500), Sigma: 0.01}.CDF,
	} {
		if d := distance(draws(t, text, 50_000), 0, cdf); d > 1.95 {
			t.Errorf("%s: %.2f from its distribution", text, d)
		}
	}
	if v := draws(t, "512", 3); !slices.Equal(v, []float64{512, 512, 512}) {
		t.Errorf("fixed: %v", v)
	}
}

// chi is how far counts are from what is expected of them, in standard deviations of
// the chi-square distribution.
func chi(counts, expected []float64) float64 {
	free := float64(len(counts) - 1)
	return (stat.ChiSquare(counts, expected) - free) / math.Sqrt(2*free)
}

func TestDiscreteDistributions(t *testing.T) {
	const n = 200_000
	counts := make([]float64, 12)
	expected := make([]float64, 12)
	for _, v := range draws(t, "geometric:mean=4", n) {
		counts[min(int(v), 12)-1]++
	}
	left := float64(n)
	for k := range expected {
		expected[k] = left / 4
		left -= expected[k]
	}
	expected[11] += left
	if c := chi(counts, expected); math.Abs(c) > 4 {
		t.Errorf("geometric: %.1f off", c)
	}
	counts, expected = make([]float64, 7), make([]float64, 7)
	for _, v := range draws(t, "uniform:min=3,max=9", n) {
		counts[int(tokens(v))-3]++
	}
	for k := range expected {
		expected[k] = n / 7.0
	}
	if c := chi(counts, expected); math.Abs(c) > 4 {
		t.Errorf("uniform: %.1f off: %v", c, counts)
	}
	if v := draws(t, "uniform:min=3,max=3", 2); v[0] != 3 || v[1] != 3 {
		t.Errorf("uniform from 3 to 3: %v", v)
	}

	if v := draws(t, "geometric:mean=1", 2); v[0] != 1 || v[1] != 1 {
		t.Errorf("geometric of mean 1: %v", v)
	}

	for _, theta := range []float64{0, 0.6, 1, 1.7} {
		sum := 0.0
		for k := range 50 {
			sum += math.Pow(float64(k+1), -theta)
		}
		want := make([]float64, 50)
		for k := range want {
			want[k] = n * math.Pow(float64(k+1), -theta) / sum
		}
		plain, scrambled := make([]float64, 50), make([]float64, 50)
		args := ",min=10,max=59"
		text := map[float64]string{0: "zipf:theta=0", 0.6: "zipf:theta=0.6", 1: "zipf:theta=1", 1.7: "zipf:theta=1.7"}[theta]
		for _, v := range draws(t, text+args, n) {
			plain[int(v)-10]++
		}
		for _, v := range draws(t, text+args+",scramble", n) {
			scrambled[int(v)-10]++
		}
		if c := chi(plain, want); math.Abs(c) > 4 {
			t.Errorf("zipf %v: %.1f off", theta, c)
		}
		// Scrambled, the same frequencies stand elsewhere.
		if theta > 0 && slices.Equal(plain, scrambled) {
			t.Errorf("zipf %v: scramble changes nothing", theta)
		}
		slices.Sort(plain)
		slices.Sort(scrambled)
		if !slices.Equal(plain, scrambled) {
			t.Errorf("zipf %v: scrambled frequencies differ", theta)
		}
	}
}

// pairs draws pairs of lengths.
func pairs(t testing.TB, l *Lengths, n int) []pair {
	t.Helper()
	draw, err := l.draw(7, false, "")
	if err != nil {
		t.Fatal(err)
	}
	out := make([]pair, n)
	for i := range out {
		if out[i], err = draw(arrival{}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestFilesKeepPairs(t *testing.T) {
	for _, order := range []string{"", ",order=shuffle", ",order=file", ",order=draw"} {
		got := pairs(t, &Lengths{Pair: "file:testdata/lengths.csv" + order}, 50)
		inFile, times := true, map[pair]int{}
		for i, p := range got {
			if p.input != 100*p.output {
				t.Fatalf("%q: %v is no row of the file", order, p)
			}
			inFile = inFile && p.output == int64(i%5)+1
			times[p]++
		}
		evenly := len(times) == 5 && times[pair{100, 1}] == 10 && times[pair{500, 5}] == 10
		if inFile != (order == ",order=file") || evenly == (order == ",order=draw") {
			t.Errorf("%q: in the file's order %v, each equally often %v", order, inFile, evenly)
		}
	}
	// By themselves they are drawn independently.
	together := 0
	for _, p := range pairs(t, &Lengths{Input: "file:testdata/lengths.csv", Output: "file:testdata/lengths.csv"}, 1000) {
		if p.input == 100*p.output {
			together++
		}
	}
	if together < 120 || together > 280 {
		t.Errorf("%d of 1000 pairs are rows of the file, by chance it would be 200", together)
	}
}

func TestRatios(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &Lengths{Pair: "uniform:min=2,max=5000", Ratio: rapid.Float64Range(0.01, 100).Draw(t, "ratio")}
		draw, err := l.draw(streams(rapid.Uint64().Draw(t, "seed")), false, "")
		if err != nil {
			t.Fatal(err)
		}
		p, _ := draw(arrival{})
		sum := p.input + p.output
		if p.input < 1 || p.output < 1 || sum > 5000 {
			t.Fatalf("%v", p)
		}
		if want := float64(sum) / (1 + l.Ratio); math.Abs(float64(p.output)-want) > 0.5 && p.output > 1 && p.input > 1 {
			t.Fatalf("%d of %d tokens are the answer's, at %v to one it would be %v", p.output, sum, l.Ratio, want)
		}
	})
	if got := pairs(t, &Lengths{Input: "800", Ratio: 8}, 1)[0]; got != (pair{800, 100}) {
		t.Errorf("%v", got)
	}
	if got := pairs(t, &Lengths{Output: "100", Ratio: 8}, 1)[0]; got != (pair{800, 100}) {
		t.Errorf("%v", got)
	}
}

func TestMaxima(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.Int64Range(2, 400)
		l := Lengths{Input: "lognormal:median=100,sigma=1", Output: "lognormal:median=100,sigma=1",
			MaxInput: most.Draw(t, "input"), MaxOutput: most.Draw(t, "output"), MaxTotal: most.Draw(t, "total")}
		draw, err := l.draw(streams(rapid.Uint64().Draw(t, "seed")), false, "")
		if err != nil {
			t.Fatal(err)
		}
		p, _ := draw(arrival{})
		if p.input < 1 || p.output < 1 || p.input > l.MaxInput || p.output > l.MaxOutput || p.input+p.output > l.MaxTotal {
			t.Fatalf("%v is beyond %+v", p, l)
		}
	})
	l := &Lengths{Pair: "fixed:input=900,output=300", MaxTotal: 400}
	if got := pairs(t, l, 2)[1]; got != (pair{300, 100}) || l.clipped != 2 {
		t.Errorf("%v, clipped %d", got, l.clipped)
	}
	// Redrawn lengths have the distribution below the maximum, clipped ones pile up on it.
	for _, over := range []string{OverClip, OverRedraw} {
		l := &Lengths{Input: "uniform:min=1,max=1000", Output: "1", MaxInput: 500, OverMax: over}
		at := 0
		for _, p := range pairs(t, l, 4000) {
			if p.input == 500 {
				at++
			}
		}
		if (at > 1500) != (over == OverClip) || over == OverRedraw && l.redrawn < 3000 {
			t.Errorf("%s: %d of 4000 at the maximum, %d redrawn", over, at, l.redrawn)
		}
	}
	// What is under one token is raised, wherever it comes from, and counted.
	path := filepath.Join(t.TempDir(), "lengths.csv")
	if err := os.WriteFile(path, []byte("input_tokens,output_tokens\n0,4\n7,0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l = &Lengths{Pair: "file:" + path + ",order=file"}
	if got := pairs(t, l, 2); got[0] != (pair{1, 4}) || got[1] != (pair{7, 1}) || l.raised != 2 {
		t.Errorf("%v, raised %d", got, l.raised)
	}
	if got := (&Lengths{}).raise(pair{-1, -1}); got != (pair{-1, -1}) {
		t.Errorf("unknown lengths become %v", got)
	}
	if got := pairs(t, &Lengths{Pair: "fixed:input=100,output=10", ScaleInput: 2.5, ScaleOutput: 0.01}, 1)[0]; got != (pair{250, 1}) {
		t.Errorf("scaled: %v", got)
	}
}
