package generate

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// arrivalsOf draws n arrivals of a process.
func arrivalsOf(t *testing.T, text string, n int) ([]int64, process) {
	t.Helper()
	p, err := openProcess(text, env{streams: 7, limitUS: math.MaxInt64})
	if err != nil {
		t.Fatal(err)
	}
	var us []int64
	for len(us) < n {
		a, ok := p.next()
		if !ok {
			break
		}
		us = append(us, a.us)
	}
	return us, p
}

func gapsOf(us []int64) []float64 {
	gaps := []float64{float64(us[0]) / 1e6}
	for i := 1; i < len(us); i++ {
		gaps = append(gaps, float64(us[i]-us[i-1])/1e6)
	}
	return gaps
}

// distance is Kolmogorov's and Smirnov's, times the root of the number: above 1.95
// one time in a thousand if the values are of the distribution, rounded to
// multiples of step.
func distance(values []float64, step float64, cdf func(float64) float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n, d := float64(len(sorted)), 0.0
	for i, v := range sorted {
		if i == 0 || sorted[i-1] < v {
			d = max(d, cdf(v-step/2)-float64(i)/n)
		}
		if i+1 == len(sorted) || sorted[i+1] > v {
			d = max(d, float64(i+1)/n-cdf(v+step/2))
		}
	}
	return d * math.Sqrt(n)
}

// TestRenewalProcesses holds gaps against gonum's distribution functions, and
// their mean and CV against what was asked for.
func TestRenewalProcesses(t *testing.T) {
	const n = 50_000
	for _, c := range []struct {
		text string
		rate float64
		cv   float64
		cdf  func(float64) float64
	}{
		{"poisson:rate=5", 5, 1, distuv.Exponential{Rate: 5}.CDF},
		{"poisson:rate=2000", 2000, 1, distuv.Exponential{Rate: 2000}.CDF},
		{"gamma:rate=5,cv=2", 5, 2, distuv.Gamma{Alpha: 0.25, Beta: 1.25}.CDF},
		{"gamma:rate=0.1,cv=0.5", 0.1, 0.5, distuv.Gamma{Alpha: 4, Beta: 0.4}.CDF},
		{"gamma:rate=5,cv=1", 5, 1, distuv.Exponential{Rate: 5}.CDF},
		{"weibull:rate=5,shape=0.7", 5, 1.4624, distuv.Weibull{K: 0.7, Lambda: 0.2 / math.Gamma(1+1/0.7)}.CDF},
		{"weibull:rate=5,shape=1", 5, 1, distuv.Exponential{Rate: 5}.CDF},
	} {
		us, p := arrivalsOf(t, c.text, n)
		gaps := gapsOf(us)
		mean, std := stat.MeanStdDev(gaps, nil)
		if d := distance(gaps, 1e-6, c.cdf); d > 1.95 {
			t.Errorf("%s: %.2f from its distribution", c.text, d)
		}
		if off := math.Abs(mean*c.rate-1) / (c.cv / math.Sqrt(n)); off > 4 {
			t.Errorf("%s: %v a second, %.1f standard errors off", c.text, 1/mean, off)
		}
		if math.Abs(std/mean/c.cv-1) > 0.05 || math.Abs(p.cv-c.cv) > 1e-4 || p.rate != c.rate {
			t.Errorf("%s: CV %v and rate %v asked for, CV %v is there", c.text, p.cv, p.rate, std/mean)
		}
	}
}

// TestNothingIsCut: gaps beyond three means come as often as they should, e^-3 of
// them. Cut there, as one well-known generator does, their mean would be
// (1 - e^-3) of what was asked for, and the rate 5.24 % too high.
func TestNothingIsCut(t *testing.T) {
	us, _ := arrivalsOf(t, "poisson:rate=5", 100_000)
	beyond, cut, whole := 0.0, 0.0, 0.0
	for _, gap := range gapsOf(us) {
		if gap > 0.6 {
			beyond++
		}
		cut += min(gap, 0.6)
		whole += gap
	}
	if share := beyond / 100_000; math.Abs(share-math.Exp(-3)) > 0.003 {
		t.Errorf("%.4f of gaps are beyond three means, want %.4f", share, math.Exp(-3))
	}
	if rate := 100_000 / whole; math.Abs(rate-5) > 0.06 {
		t.Errorf("rate %v", rate)
	}
	if rate := 100_000 / cut; math.Abs(rate/5-1/(1-math.Exp(-3))) > 0.01 {
		t.Errorf("with cut gaps the rate is %v, by the closed form %v", rate, 5/(1-math.Exp(-3)))
	}
}

func TestOnOff(t *testing.T) {
	us, p := arrivalsOf(t, "onoff:rate=20,on=5s,off=10s", 30_000)
	for _, at := range us {
		if at%15_000_000 >= 5_000_000 {
			t.Fatalf("an arrival at %d us, when nothing is sent", at)
		}
	}
	if rate := 30_000 / (float64(us[len(us)-1]) / 1e6); math.Abs(rate-20.0/3) > 0.15 || math.Abs(p.rate-20.0/3) > 1e-9 || !math.IsNaN(p.cv) {
		t.Errorf("%v a second, asked for %v", rate, p.rate)
	}
	// Time within bursts is that of a Poisson process.
	var busy []int64
	for _, at := range us {
		busy = append(busy, at/15_000_000*5_000_000+at%15_000_000)
	}
	if d := distance(gapsOf(busy), 1e-6, distuv.Exponential{Rate: 20}.CDF); d > 1.95 {
		t.Errorf("gaps within bursts are %.2f from exponential", d)
	}

	// With periods of exponential length gaps are hyperexponential: the two rates are the
	// roots of x^2 - (rate+a+b)x + rate b, a = 1/on, b = 1/off.
	us, p = arrivalsOf(t, "onoff:rate=4,on=2s,off=6s,random", 50_000)
	rate, a, b := 4.0, 1.0/2, 1.0/6
	root := math.Sqrt((rate+a+b)*(rate+a+b) - 4*rate*b)
	fast, slow := (rate+a+b+root)/2, (rate+a+b-root)/2
	share := (rate - slow) / (fast - slow)
	gaps := gapsOf(us)
	if d := distance(gaps, 1e-6, func(x float64) float64 { return 1 - share*math.Exp(-fast*x) - (1-share)*math.Exp(-slow*x) }); d > 1.95 {
		t.Errorf("random periods: %.2f from hyperexponential", d)
	}
	mean, std := stat.MeanStdDev(gaps, nil)
	if math.Abs(mean-1) > 0.05 || math.Abs(std/mean/p.cv-1) > 0.05 {
		t.Errorf("random periods: mean %v, CV %v; asked for 1, %v", mean, std/mean, p.cv)
	}
}

func TestStaticAndTrace(t *testing.T) {
	us, _ := arrivalsOf(t, "static", 3)
	if !slices.Equal(us, []int64{0, 0, 0}) {
		t.Errorf("static arrivals at %v", us)
	}
	// The arrivals of another trace, with its lengths.
	first := &Generator{Arrival: "gamma:rate=5,cv=2", Requests: 100, Lengths: Lengths{Input: "uniform:min=1,max=99", Output: "uniform:min=1,max=99"}}
	want, _ := write(t, first)
	copied, _ := rowsOf(t, &Generator{Arrival: "trace:" + first.Out})
	if len(copied) != 100 {
		t.Fatalf("%d rows of 100", len(copied))
	}
	for i, r := range copied {
		w := want[i]
		if r.StartTime-copied[0].StartTime != w.StartTime-want[0].StartTime || *r.InputTokens != *w.InputTokens || *r.OutputTokens != *w.OutputTokens {
			t.Fatalf("row %d is not that of the trace", i)
		}
	}
}
