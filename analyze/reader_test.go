package analyze

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"metron/schema"
)

func TestExperience(t *testing.T) {
	for _, c := range []struct {
		name         string
		gaps         []int64
		delay, whole int64
	}{
		{"no tokens", nil, 0, 0},
		{"as expected", []int64{100, 10, 10}, 0, 100 + 110 + 120},
		{"all at once and early", []int64{5, 0, 0}, 0, 100 + 110 + 120},
		{"late by 50 from the first", []int64{150, 10, 10}, 150, 150 + 160 + 170},
		{"a pause", []int64{100, 40, 0}, 30 + 30, 100 + 140 + 150},
		{"a pause that was paid for", []int64{70, 0, 0, 60}, 0, 100 + 110 + 120 + 130},
		{"a clock that ran backwards", []int64{100, -50, 60}, 0, 100 + 110 + 120},
	} {
		if delay, whole := Experience(c.gaps, 100, 10); delay != c.delay || whole != c.whole {
			t.Errorf("%s: %d, %d, want %d, %d", c.name, delay, whole, c.delay, c.whole)
		}
	}
}

func TestIdle(t *testing.T) {
	for _, c := range []struct {
		name string
		gaps []int64
		want int64
	}{
		{"no tokens", nil, 0},
		{"at the pace", []int64{10, 10, 10}, 0},
		{"first token late", []int64{25, 10, 0}, 15},
		{"worst in the middle", []int64{10, 10, 45, 0, 0}, 35},
		{"an early one pays for a later one", []int64{0, 0, 30}, 0},
		{"a clock that ran backwards", []int64{10, -30, 5}, 0},
	} {
		if got := Idle(c.gaps, 10); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// The definitions word for word, over rationals; and delaying a token never pays.
func TestReaders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps := rapid.SliceOfN(rapid.Int64Range(0, 300), 1, 30).Draw(t, "gaps")
		ttft, pace := rapid.Int64Range(1, 300).Draw(t, "ttft"), rapid.Int64Range(1, 50).Draw(t, "pace")
		ideals, actuals := new(big.Rat), new(big.Rat)
		came, read, idle := int64(0), int64(0), int64(0)
		for i, g := range gaps {
			came += g
			ideal := ttft + int64(i)*pace
			actual := max(came, ttft)
			if i > 0 {
				actual = max(actual, read+pace)
			}
			read = actual
			ideals.Add(ideals, big.NewRat(ideal, 1))
			actuals.Add(actuals, big.NewRat(actual, 1))
			idle = max(idle, came-int64(i+1)*pace)
		}
		delay, whole := Experience(gaps, ttft, pace)
		got := new(big.Rat).Sub(big.NewRat(1, 1), big.NewRat(delay, whole))
		if got.Cmp(ideals.Quo(ideals, actuals)) != 0 || got.Sign() <= 0 || got.Cmp(big.NewRat(1, 1)) > 0 {
			t.Fatalf("quality %v, want %v", got, ideals)
		}
		if Idle(gaps, pace) != idle {
			t.Fatalf("idle %d, want %d", Idle(gaps, pace), idle)
		}
		i := rapid.IntRange(0, len(gaps)-1).Draw(t, "token")
		late := rapid.Int64Range(1, 200).Draw(t, "late")
		later := append([]int64(nil), gaps...)
		later[i] += late
		if i+1 < len(gaps) { // the others come as they came, or right after it
			later[i+1] = max(0, later[i+1]-late)
		}
		d, w := Experience(later, ttft, pace)
		if new(big.Rat).Sub(big.NewRat(1, 1), big.NewRat(d, w)).Cmp(got) > 0 || Idle(later, pace) < idle {
			t.Fatalf("delaying token %d pays", i+1)
		}
	})
}

// Two answers by hand: 0.1 s late in all, five tokens; one error, one who left.
func TestReaderSections(t *testing.T) {
	failed, left := record(2, 0, 1), record(3, 0, 1, 100_000)
	failed.Outcome, failed.End = schema.OutcomeHTTPError, new(int64(2_000_000))
	left.Outcome, left.ClientAbort, left.End = schema.OutcomeClientAbort, new(int64(120_000)), nil
	c := Config{Sections: []string{"qoe", "smooth_goodput"}, Reader: Reader{QoETTFT: 200_000_000, QoEPace: 100_000_000, SmoothPace: 50_000_000, SmoothWeight: 10}}
	r := analyze(t, c, record(0, 0, 1, 150_000, 250_000, 300_000), record(1, 0, 1, 300_000, 400_000), failed, left)
	q := r.section("qoe").(*QoE)
	// ideal 200+300, actual 300+400 ms: 5/7.
	if q.Count != 2 || *q.Max != 1 || math.Abs(*q.Min-5.0/7) > 1e-12 || q.Failures != 1 || math.Abs(*q.All-(1+5.0/7)/3) > 1e-12 || q.LeftOut[notOK] != 1 {
		t.Errorf("%+v", q)
	}
	// idle: 250-100 = 150, 400-100 = 300 (or 300-50 = 250), 100-50 = 50 ms; 2 s in all.
	s := r.section("smooth_goodput").(*Smooth)
	if s.Requests != 3 || s.Tokens != 6 || s.IdleS != 0.5 || *s.TokensPerS != (6-10*0.5)/2 || s.LeftOut[noTokens] != 1 {
		t.Errorf("%+v", s)
	}
}

// Nothing to say is said without a number.
func TestReaderSectionsOfNothing(t *testing.T) {
	c := Config{Sections: []string{"qoe", "smooth_goodput"}}.fill()
	failed := record(0, 0, 1)
	failed.Outcome = schema.OutcomeHTTPError
	for name, r := range map[string]*Result{"errors": analyze(t, c, failed), "one token": analyze(t, c, record(0, 0, 1, 0))} {
		if text := asJSON(t, r); !strings.Contains(text, `"qoe":{"count":`) {
			t.Errorf("%s: %s", name, text)
		}
	}
	all := newTally(&c, 0)
	if q := newQoE(&c).result(all).(*QoE); q.All != nil || q.Mean != nil || q.lines() != nil {
		t.Errorf("%+v", q)
	}
	if s := newSmooth(&c).result(all).(*Smooth); s.TokensPerS != nil || s.lines() != nil {
		t.Errorf("%+v", s)
	}
}
