package profile

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"metron/analyze/prefill"
	"metron/internal/llmsim"
)

// virtual measures a simulated engine in its own time: no clock, no network.
func virtual(t *testing.T, c llmsim.EngineConfig) func(context.Context, []int64, bool) ([]Sample, error) {
	engine, err := llmsim.NewEngine(c)
	if err != nil {
		t.Fatal(err)
	}
	nowUS := int64(0)
	return func(_ context.Context, lengths []int64, _ bool) (samples []Sample, err error) {
		for _, n := range lengths {
			us, err := engine.Alone(nowUS, int(n))
			if err != nil {
				return nil, err
			}
			nowUS += us
			samples = append(samples, Sample{Asked: n, Point: prefill.Point{Tokens: n, US: us}})
		}
		return samples, nil
	}
}

// explorer has the defaults of the command.
func explorer(measure func(context.Context, []int64, bool) ([]Sample, error)) *Explorer {
	return &Explorer{Lengths: Ladder(32768), Repeat: DefaultRepeat, More: DefaultMore, Precision: DefaultPrecision, Measure: measure}
}

// TestRecoversTheSimulatorsCoefficients: what is fitted to measurements is what the
// simulator's costs are, over many seeds of its jitter.
func TestRecoversTheSimulatorsCoefficients(t *testing.T) {
	const seeds = 12
	for _, name := range []string{"small-gpu", "large-gpu"} {
		c, err := llmsim.Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		truth := prefill.Quadratic{ConstantUS: c.Engine.Cost.PrefillUS, PerTokenUS: c.Engine.Cost.PrefillTokenUS, PerTokenSq: c.Engine.Cost.PrefillSquareNS / 1e3}
		near, covered := 0, [3]int{}
		for seed := range uint64(seeds) {
			c.Engine.Seed = seed + 1
			m, err := explorer(virtual(t, c.Engine)).Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i, v := range [][4]float64{
				{m.Curve.ConstantUS, truth.ConstantUS, m.CI95.Low.ConstantUS, m.CI95.High.ConstantUS},
				{m.Curve.PerTokenUS, truth.PerTokenUS, m.CI95.Low.PerTokenUS, m.CI95.High.PerTokenUS},
				{m.Curve.PerTokenSq, truth.PerTokenSq, m.CI95.Low.PerTokenSq, m.CI95.High.PerTokenSq},
			} {
				worst = max(worst, math.Abs(v[0]/v[1]-1))
				if v[2] <= v[1] && v[1] <= v[3] {
					covered[i]++
				}
			}
			if worst <= 0.05 {
				near++
			}
			if len(m.Notes) > 0 {
				t.Errorf("%s, seed %d: %s", name, seed, strings.Join(m.Notes, "; "))
			}
		}
		if near < seeds*95/100 || min(covered[0], covered[1], covered[2]) < seeds*85/100 {
			t.Errorf("%s: all coefficients within 5 %% in %d of %d runs; their intervals cover the truth in %v", name, near, seeds, covered)
		}
	}
}

// TestRobust: measurements that something else made slow move the model little, and a
// length that fails is left out.
func TestRobust(t *testing.T) {
	c, err := llmsim.Profile("large-gpu")
	if err != nil {
		t.Fatal(err)
	}
	measure, n := virtual(t, c.Engine), 0
	m, err := explorer(func(ctx context.Context, lengths []int64, warmup bool) ([]Sample, error) {
		samples, err := measure(ctx, lengths, warmup)
		for i := range samples {
			switch n++; {
			case n%7 == 0:
				samples[i].US *= 3
			case n%11 == 0:
				samples[i] = Sample{Asked: samples[i].Asked, Failure: "status 500: out of luck"}
			}
		}
		return samples, err
	}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for tokens := int64(16); tokens <= 32768; tokens *= 2 {
		us, _ := m.US(tokens)
		truth := 3000 + 18*float64(tokens) + 0.5e-3*float64(tokens*tokens)
		if off := float64(us)/truth - 1; math.Abs(off) > 0.05 {
			t.Errorf("%d tokens: %d us, off by %.1f %%", tokens, us, 100*off)
		}
	}
	if len(m.Notes) != 1 || !strings.Contains(m.Notes[0], "requests failed and count for nothing; the last: status 500: out of luck") {
		t.Errorf("notes %q", m.Notes)
	}
}

// TestLimit: a target that takes no longer prompts ends the ladder just below its limit.
func TestLimit(t *testing.T) {
	c, err := llmsim.Profile("large-gpu")
	if err != nil {
		t.Fatal(err)
	}
	measure := virtual(t, c.Engine)
	for _, limit := range []int64{4096, 5000, 15} {
		m, err := explorer(func(ctx context.Context, lengths []int64, warmup bool) (samples []Sample, err error) {
			for _, n := range lengths {
				if n >= limit {
					samples = append(samples, Sample{Asked: n, Failure: "status 400: too long", Refused: true})
					continue
				}
				s, err := measure(ctx, []int64{n}, warmup)
				if err != nil {
					return nil, err
				}
				samples = append(samples, s...)
			}
			return samples, nil
		}).Run(t.Context())
		if limit < 16 {
			if err == nil || !strings.Contains(err.Error(), "refused every length: status 400: too long") {
				t.Errorf("limit %d: %v", limit, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		top := map[int64]int64{4096: 3840, 5000: 4096}[limit]
		if m.MaxTokens != top || len(m.Notes) != 1 || !strings.Contains(m.Notes[0], "which the target refused: status 400: too long") {
			t.Errorf("limit %d: up to %d tokens, notes %q", limit, m.MaxTokens, m.Notes)
		}
	}
}

// TestGapsOfSteps: where no curve fits, lengths are added beside the steps.
func TestGapsOfSteps(t *testing.T) {
	asked, warm := map[int64]bool{}, map[int64]bool{}
	m, err := explorer(func(_ context.Context, lengths []int64, warmup bool) (samples []Sample, err error) {
		for _, n := range lengths {
			if warm[n] = warm[n] || warmup; !warm[n] {
				t.Errorf("a prompt of %d tokens is measured before one warmed up", n)
			}
			asked[n] = true
			us := int64(1000)
			if n > 300 {
				us = 90_000
			}
			samples = append(samples, Sample{Asked: n, Point: prefill.Point{Tokens: n, US: us}})
		}
		return samples, nil
	}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m.Curve != nil || m.Knots == nil {
		t.Errorf("a step has the curve %+v", m.Curve)
	}
	if !asked[362] {
		t.Errorf("no length was added at the step: %v", asked)
	}
}

func TestCheck(t *testing.T) {
	of := func(change func(i int, s *Sample)) (samples []Sample) {
		for i := range 60 {
			s := Sample{Asked: int64(16 << (i % 10)), Point: prefill.Point{US: 10_000 + int64(i%7)}}
			s.Tokens = s.Asked
			change(i, &s)
			samples = append(samples, s)
		}
		return samples
	}
	for _, c := range []struct {
		name   string
		change func(i int, s *Sample)
		want   string
	}{
		{"steady", func(int, *Sample) {}, ""},
		{"faster", func(i int, s *Sample) { s.US -= int64(1+min(i/10, 1)) * 1500 }, "later measurements of a length are 18 % shorter"},
		{"slower", func(i int, s *Sample) { s.US += int64(min(i/10, 1)) * 1000 }, "later measurements of a length are 10 % longer"},
		{"cached", func(i int, s *Sample) { s.Cached = int64(i % 2 * 16) }, "found the beginning of 30 of 60 prompts in its cache"},
		{"failed", func(i int, s *Sample) { s.Failure = "timeout" }, "60 of 60 requests failed and count for nothing; the last: timeout"},
	} {
		got := strings.Join(check(of(c.change)), "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestParseLengths(t *testing.T) {
	got, err := ParseLengths("1k, 256,512,256,64k")
	if want := []int64{256, 512, 1024, 65536}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "256", "256,256,512", "0,1,2", "a,b,c", "1,2,-3", "1,2,99999999", "1,2,17000k"} {
		if got, err := ParseLengths(bad); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
	if got := Ladder(100); !slices.Equal(got, []int64{16, 32, 64, 100}) {
		t.Errorf("the ladder to 100 is %v", got)
	}
}
