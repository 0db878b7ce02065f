package analyze

import (
	"testing"

	"pgregory.net/rapid"
)

// exactMinimum is the search in the default arithmetic.
func exactMinimum(streams [][]int64, d Deadlines, rho Fraction) (int64, bool) {
	var s deadlineSearch
	s.reset(streams, ArithmeticExact)
	return s.minimum(d, rho)
}

func TestMinTBTDeadline(t *testing.T) {
	for _, c := range []struct {
		name    string
		streams [][]int64
		d       Deadlines
		rho     string
		want    int64
		ok      bool
	}{
		{"no tokens", [][]int64{nil}, Deadlines{TTFT: 100}, "0.1", 1, true},
		{"one token on time", [][]int64{{90}}, Deadlines{TTFT: 100}, "0", 1, true},
		{"one token late", [][]int64{{101}}, Deadlines{TTFT: 100}, "0.1", 0, false},
		{"one token late, all may be", [][]int64{{101}}, Deadlines{TTFT: 100}, "1", 1, true},
		{"steady", [][]int64{{100, 20, 20, 20}}, Deadlines{TTFT: 100}, "0", 20, true},
		{"slack of the first token", [][]int64{{90, 20, 20, 20}}, Deadlines{TTFT: 100}, "0", 17, true},
		{"left out, it leaves no slack", [][]int64{{90, 20, 20, 20}}, Deadlines{TTFT: 100, DecodeOnly: true}, "0", 20, true},
		{"late first token of ten", [][]int64{{101, 9, 9, 9, 9, 9, 9, 9, 9, 9}}, Deadlines{TTFT: 100}, "0.1", 9, true},
		{"late first token of ten, stricter", [][]int64{{101, 9, 9, 9, 9, 9, 9, 9, 9, 9}}, Deadlines{TTFT: 100}, "0.09", 0, false},
		{"two choices together", [][]int64{{100, 10, 10}, {100, 30, 10}}, Deadlines{TTFT: 100}, "0", 30, true},
		{"a late choice within the target", [][]int64{{100, 10}, {101, 10}}, Deadlines{TTFT: 100}, "0.25", 10, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			rho, err := ParseFraction(c.rho)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := exactMinimum(c.streams, c.d, rho); got != c.want || ok != c.ok {
				t.Errorf("got %d, %v, want %d, %v", got, ok, c.want, c.ok)
			}
		})
	}
}

func drawStreams(t *rapid.T) [][]int64 {
	streams := [][]int64{drawGaps(t, "gaps")}
	if rapid.Bool().Draw(t, "two choices") {
		streams = append(streams, drawGaps(t, "gaps of the other choice"))
	}
	return streams
}

func drawFraction(t *rapid.T) Fraction {
	return Fraction{rapid.Int64Range(0, 100).Draw(t, "hundredths"), 100}
}

// The smallest deadline that holds, found by trying each one.
func TestMinTBTDeadlineIsTheSmallest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		streams, d, rho := drawStreams(t), drawDeadlines(t), drawFraction(t)
		for _, a := range []Arithmetic{ArithmeticExact, ArithmeticDocs} {
			s := scorer{arithmetic: a}
			s.reset(streams)
			us, ok := s.minTBTDeadline(d, rho)
			got := int64(us)
			want, found := int64(0), false
			for tbt := int64(1); tbt <= 2500 && !found; tbt++ {
				score := s.score(Deadlines{d.TTFT, tbt, d.DecodeOnly})
				if score.Missed*rho.Den <= rho.Num*score.Total() {
					want, found = tbt, true
				}
			}
			if got != want || ok != found {
				t.Fatalf("%s: got %d, %v, want %d, %v", a, got, ok, want, found)
			}
		}
	})
}

// At rho = 0: max(1, max_k ceil((S_k - slack_0)/k)), from rationals of each prefix.
func TestClosedFormWhenNothingMayBeMissed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps, d := drawGaps(t, "gaps"), drawDeadlines(t)
		want, attainable := int64(1), true
		if len(gaps) > 0 {
			slack := max(0, d.TTFT-gaps[0])
			attainable = d.DecodeOnly || gaps[0] <= d.TTFT
			if d.DecodeOnly {
				slack = 0
			}
			sum := int64(0)
			for k := int64(1); k < int64(len(gaps)); k++ {
				sum += gaps[k]
				if over := sum - slack; over > 0 {
					want = max(want, (over+k-1)/k)
				}
			}
		}
		got, ok := exactMinimum([][]int64{gaps}, d, Fraction{0, 1})
		if ok != attainable || ok && got != want {
			t.Fatalf("bisection %d, %v, closed form %d, %v", got, ok, want, attainable)
		}
	})
}

func TestParseFraction(t *testing.T) {
	for s, want := range map[string]Fraction{
		"0": {0, 1}, "1": {1, 1}, "0.1": {1, 10}, ".5": {5, 10}, "0.10": {1, 10}, "1.000": {1, 1}, "0.000000001": {1, 1e9}, "1.": {1, 1},
	} {
		if got, err := ParseFraction(s); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", ".", "-0.1", "1.1", "2", "1e-1", "10%", "0.1.2", "NaN", "0,1", "0.0000000001", "99999999999999999999"} {
		if got, err := ParseFraction(s); err == nil {
			t.Errorf("%q is taken as %v", s, got)
		}
	}
}

func TestFractionComparesCountsExactly(t *testing.T) {
	tenth := Fraction{1, 10}
	for _, c := range []struct {
		part, whole int64
		want        bool
	}{{0, 0, true}, {1, 10, true}, {1, 9, false}, {1e17, 1e18, true}, {1e17 + 1, 1e18, false}, {3, 29, false}, {3, 30, true}} {
		if got := tenth.Holds(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d within a tenth: %v", c.part, c.whole, got)
		}
	}
}
