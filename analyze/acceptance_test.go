package analyze

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawDecoding makes requests with gaps of milliseconds.
func drawDecoding(t *rapid.T) [][]int64 {
	gap := rapid.OneOf(rapid.Int64Range(0, 40_000), rapid.Just(int64(0)), rapid.Int64Range(0, 300_000))
	return rapid.SliceOfN(rapid.SliceOfN(gap, 2, 12), 1, 250).Draw(t, "requests")
}

func curveOf(requests [][]int64, keep int64) *Curve {
	c := NewCurve(keep)
	for _, gaps := range requests {
		var s scorer
		s.reset([][]int64{gaps})
		c.add(&s)
	}
	return c
}

// All miss rates of all requests, sorted.
func TestCurveIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := drawDecoding(t)
		n := int64(len(requests))
		for _, m := range Methods() {
			points := curveOf(requests, n).Acceptance(m)
			for _, ms := range []int64{1, 7, 20, 50, 100} {
				var rates []float64
				for _, gaps := range requests {
					rate, _ := Exact(gaps, Deadlines{TBT: ms * 1000, DecodeOnly: true}).MissRate()
					rates = append(rates, rate)
				}
				slices.Sort(rates)
				if got, want := points[ms-1].Acceptance, 1-m.sortedQuantile(fluidQuantile(), rates); got != want {
					t.Fatalf("%s, %d ms: %v, want %v", m, ms, got, want)
				}
			}
		}
	})
}

func TestCurveMergeIsTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := drawDecoding(t)
		n := int64(len(requests))
		cut := rapid.IntRange(0, len(requests)).Draw(t, "cut")
		merged := curveOf(requests[:cut], n)
		merged.Merge(curveOf(requests[cut:], n))
		if got, want := merged.Acceptance(Nearest), curveOf(requests, -1).Acceptance(Nearest); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

// Curves that keep no number of rates alike cannot say what their whole would have kept.
func TestCurvesThatDoNotMerge(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a curve for 100 requests took one for 900")
		}
	}()
	NewCurve(100).Merge(NewCurve(900))
}

// The curve reaches 0.9 exactly where the deadline reaches one over the fluid token
// rate, and never falls.
func TestCurveAndRateAreDual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := drawDecoding(t)
		var minima Samples
		for _, gaps := range requests {
			min, ok := exactMinimum([][]int64{gaps}, Deadlines{DecodeOnly: true}, fluidMissRate())
			if !ok {
				t.Fatal("unattainable without a first token")
			}
			minima.Add(float64(min))
		}
		deadline, _ := fluidDeadline(&minima, ArithmeticExact)
		last := 0.0
		for i, p := range curveOf(requests, int64(len(requests))).Acceptance(Nearest) {
			if fluid := p.Acceptance >= 0.9; fluid != (float64((i+1)*curveStepUS) >= deadline) {
				t.Fatalf("at %d ms acceptance %v, but the fluid deadline is %v us", i+1, p.Acceptance, deadline)
			}
			if p.Acceptance < last {
				t.Fatalf("the curve falls at %d ms", i+1)
			}
			last = p.Acceptance
		}
	})
}
