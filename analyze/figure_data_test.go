package analyze

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"metron/analyze/plot"
	"metron/analyze/prefill"
	"metron/schema"
)

// Bins of prompt lengths hold every request once, in order, and none shares a length with
// the next.
func TestPromptBins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g promptTTFTs
		for range rapid.IntRange(1, 300).Draw(t, "n") {
			g.points = append(g.points, promptTTFT{rapid.Int64Range(1, 100_000).Draw(t, "tokens"), float64(rapid.IntRange(1, 1_000_000).Draw(t, "us"))})
		}
		points := g.sorted()
		for name, bins := range map[string][]promptBin{"octaves": octaveBins(points), "even": evenBins(points)} {
			at := 0
			for i, b := range bins {
				first, last := points[at].tokens, points[at+len(b.times)-1].tokens
				if b.from > first || i > 0 && b.from <= points[at-1].tokens || !slices.IsSorted(b.times) {
					t.Fatalf("%s: bin %d from %d holds %d to %d after %d", name, i, b.from, first, last, points[max(0, at-1)].tokens)
				}
				if name == "even" && (b.mid < float64(first) || b.mid > float64(last)) {
					t.Fatalf("the middle of %d to %d is %v", first, last, b.mid)
				}
				if least := min(25, len(points)); name == "even" && len(b.times) < least {
					t.Fatalf("bin %d of %d holds %d requests", i, len(bins), len(b.times))
				}
				at += len(b.times)
			}
			if at != len(points) {
				t.Fatalf("%s: %d of %d requests", name, at, len(points))
			}
		}
	})
}

// A TTFT of 0 has no place on a logarithmic axis, and no part in what is drawn there.
func TestViolinsOfZero(t *testing.T) {
	var rows []schema.Record
	for i := range 20 {
		first := int64(10_000 + i)
		if i < 6 {
			first = 0
		}
		rows = append(rows, record(uint64(i+1), int64(i)*1000, 1, first, first+20_000))
	}
	v := dataOf[plot.Violins](t, Config{}, "ttft_violins", rows...)
	if g := v.Groups[0]; len(v.Groups) != 1 || g.Count != 14 || len(g.Values) != 14 || g.P25 < 0.01 || !strings.Contains(v.Subtitle, "N = 14 answered requests; 6 requests with a TTFT not above 0 left out") {
		t.Errorf("%+v", v)
	}
	if _, err := v.Figure(plot.Style{}); err != nil {
		t.Error(err)
	}
}

func TestShortCount(t *testing.T) {
	for tokens, want := range map[int64]string{1: "1", 999: "999", 1000: "1k", 1449: "1.4k", 9999: "10k", 11_586: "12k", 131_072: "131k", 1_048_576: "1049k"} {
		if got := shortCount(tokens); got != want {
			t.Errorf("%d is %q, want %q", tokens, got, want)
		}
	}
}

// The steps of the send lag, against counting by hand.
func TestLagSteps(t *testing.T) {
	steps, stepS := lagSteps([]sentAt{{startUS + 250_000, 90}, {startUS, 30}, {startUS + 1000, 10}, {startUS + 99_999, 20}, {startUS + 250_000, 70}})
	want := []plot.LagStep{{AtS: 0, P50: 20e-6, Max: 30e-6}, {AtS: 0.2, P50: 70e-6, Max: 90e-6}}
	if stepS != 0.1 || !slices.Equal(steps, want) {
		t.Errorf("%v of %v s, want %v", steps, stepS, want)
	}
	if got := roundUp(300_001); got != 500_000 {
		t.Errorf("rounded up to %d", got)
	}
}

// With a prefill model its curve is drawn, with the band of its coefficients.
func TestModelCurve(t *testing.T) {
	m := &prefill.Model{Curve: &prefill.Quadratic{ConstantUS: 1000, PerTokenUS: 10}, MinTokens: 1, MaxTokens: 1000,
		CI95: &prefill.CurveRange{Low: prefill.Quadratic{ConstantUS: 500, PerTokenUS: 9}, High: prefill.Quadratic{ConstantUS: 1500, PerTokenUS: 11}}}
	c := modelCurve(m, 100, 1000)
	last := len(c.X) - 1
	if c.X[0] != 100 || c.X[last] != 1000 || c.Y[0] != 0.002 || c.Low[0] != 0.0014 || c.High[last] != 0.0125 || c.BandName == "" {
		t.Errorf("from %v %v in %v to %v %v in %v", c.X[0], c.Y[0], c.Low[0], c.X[last], c.Y[last], c.High[last])
	}
	m.CI95 = nil
	if c := modelCurve(m, 100, 1000); c.BandName != "" || c.Low != nil {
		t.Errorf("a band of nothing: %q", c.BandName)
	}
}
