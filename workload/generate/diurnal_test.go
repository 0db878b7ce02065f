package generate

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// TestCurveIsFollowed: in the time in which the curve's sum grows evenly, arrivals
// are a Poisson process of rate 1.
func TestCurveIsFollowed(t *testing.T) {
	us, p := arrivalsOf(t, "diurnal:testdata/curve.csv,repeat", 30_000)
	c, err := readCurve("testdata/curve.csv", 1)
	if err != nil {
		t.Fatal(err)
	}
	const lapUS, lapSum = 70_000_000, 100 + 90 + 0 + 20
	if math.Abs(p.rate-lapSum/70.0) > 1e-12 || c.sum[len(c.sum)-1] != lapSum {
		t.Fatalf("%v a second, the curve sums to %v", p.rate, c.sum)
	}
	var even []int64
	for _, at := range us {
		s := float64(at%lapUS) / 1e6
		if 40 < s && s < 60 {
			t.Fatalf("an arrival at %v s, where the rate is 0", s)
		}
		even = append(even, int64(1e6*(float64(at/lapUS)*lapSum+c.until(s))))
	}
	if d := distance(gapsOf(even), 1e-6, distuv.Exponential{Rate: 1}.CDF); d > 1.95 {
		t.Errorf("%.2f from a Poisson process", d)
	}

	// What was asked for is what the curve has until the end that was asked for: 30
	// in its first 10 s, 100 in 20 s, 190 in 40 s, 210 in its 70 s.
	for text, rates := range map[string]map[int64]float64{
		"diurnal:testdata/curve.csv":        {10: 3, 40: 190.0 / 40, 1000: 3},
		"diurnal:testdata/curve.csv,repeat": {10: 3, 70: 3, 90: 310.0 / 90, 700: 3},
	} {
		for s, want := range rates {
			if p, err := openProcess(text, env{limitUS: s * 1_000_000}); err != nil || math.Abs(p.rate-want) > 1e-12 {
				t.Errorf("%s for %d s: %v, want %v (%v)", text, s, p.rate, want, err)
			}
		}
	}

	// Once through it, and no more.
	us, p = arrivalsOf(t, "diurnal:testdata/curve.csv,scale=100", 1_000_000)
	if n := float64(len(us)); p.endless || math.Abs(n-100*lapSum) > 4*math.Sqrt(100*lapSum) {
		t.Errorf("%v arrivals, expected %v", n, 100*lapSum)
	}
}

// TestInversion: until the time that a sum is reached at, that is the sum.
func TestInversion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &curve{}
		at := 0.0
		for range rapid.IntRange(2, 6).Draw(t, "points") {
			if err := c.add(at, rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0.01, 1000)).Draw(t, "rate")); err != nil {
				t.Fatal(err)
			}
			at += rapid.Float64Range(0.001, 10_000).Draw(t, "step")
		}
		segment := rapid.IntRange(0, len(c.at)-2).Draw(t, "segment")
		low, high := c.sum[segment], c.sum[segment+1]
		sum := low + (high-low)*rapid.Float64Range(0, 1).Draw(t, "share")
		when := c.when(segment, sum)
		if when < c.at[segment] || when > c.at[segment+1] {
			t.Fatalf("%v is outside of its segment, %v to %v", when, c.at[segment], c.at[segment+1])
		}
		if got := c.until(when); math.Abs(got-sum) > 1e-6*max(1, sum) && high > low {
			t.Fatalf("the sum is %v at %v, want %v", got, when, sum)
		}
	})
}

func TestCurveRefusals(t *testing.T) {
	for text, says := range map[string]string{
		"0,1\n":            "two points",
		"0,1\n0,2\n":       "line 2: its time is not after",
		"a,b\n0,0\n9,0\n":  "its rate is 0 throughout",
		"0,1\nx,2\n":       "line 2",
		"x,5\n0,1\n9,2\n":  "line 1",
		"0,x\n0,1\n9,2\n":  "line 1",
		"a,b\nc,d\n0,1\n":  "line 2",
		"0,1\nc,d\n9,1\n":  "line 2",
		"0,1\n5,-2\n":      "line 2: a rate of -2",
		"0,1\n5,NaN\n":     "line 2",
		"0,1,2\n5,2,3\n":   "wrong number of fields",
		"0,1\nInf,2\n":     "line 2",
		"0,1\n5,1000000\n": "line 2: a rate",
	} {
		path := filepath.Join(t.TempDir(), "curve.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readCurve(path, 1); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	path := filepath.Join(t.TempDir(), "curve.csv")
	if err := os.WriteFile(path, []byte("# a day\nseconds,rate\n0,1\n9,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := readCurve(path, 1); err != nil || len(c.at) != 2 {
		t.Errorf("a header behind a comment: %v", err)
	}
}
