package analyze

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestFluidity(t *testing.T) {
	for _, c := range []struct {
		name  string
		gaps  []int64
		d     Deadlines
		exact Score
		docs  Score
	}{
		{"no tokens", nil, Deadlines{TTFT: 100, TBT: 10}, Score{}, Score{}},
		{"one token on time", []int64{100}, Deadlines{TTFT: 100, TBT: 10}, Score{1, 0}, Score{1, 0}},
		{"one token late by a tick", []int64{101}, Deadlines{TTFT: 100, TBT: 10}, Score{0, 1}, Score{0, 1}},
		{"one token late by two deadlines", []int64{120}, Deadlines{TTFT: 100, TBT: 10}, Score{0, 3}, Score{0, 1}},
		{"one token left out", []int64{120}, Deadlines{TTFT: 100, TBT: 10, DecodeOnly: true}, Score{}, Score{}},
		{"the worked example", []int64{450, 40, 40, 380, 50, 60}, Deadlines{TTFT: 500, TBT: 50}, Score{4, 7}, Score{4, 2}},
		{"first token left out: no slack from it", []int64{450, 40, 40, 380, 50, 60}, Deadlines{TTFT: 500, TBT: 50, DecodeOnly: true}, Score{3, 8}, Score{3, 2}},
		{"slack spent to the last tick", []int64{5, 15}, Deadlines{TTFT: 10, TBT: 10}, Score{2, 0}, Score{2, 0}},
		{"and one tick more", []int64{5, 16}, Deadlines{TTFT: 10, TBT: 10}, Score{1, 1}, Score{1, 1}},
		{"a burst earns slack", []int64{10, 0, 0, 0, 40}, Deadlines{TTFT: 10, TBT: 10}, Score{5, 0}, Score{5, 0}},
		{"a late first token resets", []int64{11, 11, 17}, Deadlines{TTFT: 10, TBT: 10}, Score{0, 3}, Score{0, 3}},
		{"gamed: token 1 held back", []int64{19, 3, 17}, Deadlines{TTFT: 10, TBT: 10}, Score{2, 1}, Score{2, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Exact(c.gaps, c.d); got != c.exact {
				t.Errorf("exact %+v, want %+v", got, c.exact)
			}
			if got := Docs(c.gaps, c.d); got != c.docs {
				t.Errorf("docs %+v, want %+v", got, c.docs)
			}
		})
	}
}

func TestIndexIsUndefinedWithoutTokens(t *testing.T) {
	if v, ok := (Score{}).Index(); ok {
		t.Errorf("the fluidity-index of nothing is %v", v)
	}
	if v, ok := (Score{}).MissRate(); ok {
		t.Errorf("the miss rate of nothing is %v", v)
	}
}

// slowFluidity is the definition, word for word, over rationals.
func slowFluidity(gaps []*big.Rat, ttft, tbt *big.Rat, decodeOnly bool) (exact, docs Score) {
	slack := new(big.Rat)
	floor := func(r *big.Rat) int64 { return new(big.Int).Div(r.Num(), r.Denom()).Int64() }
	for i, g := range gaps {
		if i == 0 {
			if decodeOnly {
				continue
			}
			if g.Cmp(ttft) <= 0 {
				slack.Sub(ttft, g)
				exact.Met++
				docs.Met++
				continue
			}
			late := new(big.Rat).Sub(g, ttft)
			exact.Missed += floor(late.Quo(late, tbt)) + 1
			docs.Missed++
			continue
		}
		allowed := new(big.Rat).Add(tbt, slack)
		if g.Cmp(allowed) <= 0 {
			slack.Sub(allowed, g)
			exact.Met++
			docs.Met++
			continue
		}
		late := new(big.Rat).Sub(g, slack)
		exact.Missed += floor(late.Quo(late, tbt))
		docs.Missed++
		slack.SetInt64(0)
	}
	return exact, docs
}

// The references of the vectors are of the decimal literals themselves: the
// definition over rationals must give them without any rounding.
func TestVectorsAgainstTheDefinition(t *testing.T) {
	all := readVectors(t)
	for _, v := range slices.Concat(all.Golden, all.Random) {
		var gaps []*big.Rat
		for _, n := range v.Gaps {
			gaps = append(gaps, decimal(t, n))
		}
		exact, docs := slowFluidity(gaps, decimal(t, v.TTFT), decimal(t, v.TBT), v.DecodeOnly)
		if exact.Missed != v.Ref.Missed || exact.Total() != v.Ref.Total || docs.Met != v.Ref.OnTime {
			t.Errorf("%v: exact %+v, docs %+v, want missed %d of %d, %d on time", v.ID, exact, docs, v.Ref.Missed, v.Ref.Total, v.Ref.OnTime)
		}
	}
}

// drawGaps makes the gaps of an answer, with bursts, pauses and, rarely, no tokens.
func drawGaps(t *rapid.T, name string) []int64 {
	return rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 60), rapid.Just(int64(0)), rapid.Int64Range(0, 2000)), 0, 30).Draw(t, name)
}

func drawDeadlines(t *rapid.T) Deadlines {
	return Deadlines{
		TTFT:       rapid.Int64Range(0, 300).Draw(t, "ttft"),
		TBT:        rapid.Int64Range(1, 120).Draw(t, "tbt"),
		DecodeOnly: rapid.Bool().Draw(t, "decode only"),
	}
}

func TestFluidityIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps, d := drawGaps(t, "gaps"), drawDeadlines(t)
		var rats []*big.Rat
		for _, g := range gaps {
			rats = append(rats, new(big.Rat).SetInt64(g))
		}
		exact, docs := slowFluidity(rats, new(big.Rat).SetInt64(d.TTFT), new(big.Rat).SetInt64(d.TBT), d.DecodeOnly)
		if got := Exact(gaps, d); got != exact {
			t.Fatalf("exact %+v, want %+v", got, exact)
		}
		if got := Docs(gaps, d); got != docs {
			t.Fatalf("docs %+v, want %+v", got, docs)
		}
	})
}

func TestMissRateNeverRisesWithTheDeadline(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps, d := drawGaps(t, "gaps"), drawDeadlines(t)
		longer := d
		longer.TBT += rapid.Int64Range(0, 100).Draw(t, "more")
		for _, count := range []func([]int64, Deadlines) Score{Exact, Docs} {
			short, long := count(gaps, d), count(gaps, longer)
			if long.Missed > short.Missed || long.Met < short.Met {
				t.Fatalf("at %d %+v, at %d %+v", d.TBT, short, longer.TBT, long)
			}
		}
	})
}

func TestTheUnitDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps, d := drawGaps(t, "gaps"), drawDeadlines(t)
		finer := make([]int64, len(gaps))
		for i, g := range gaps {
			finer[i] = 1000 * g
		}
		if a, b := Exact(gaps, d), Exact(finer, Deadlines{1000 * d.TTFT, 1000 * d.TBT, d.DecodeOnly}); a != b {
			t.Fatalf("%+v in one unit, %+v in another", a, b)
		}
	})
}

// Over whole numbers of seconds float64 is exact, and so is Etalon.
func TestEtalonIsExactOnIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps, d := drawGaps(t, "gaps"), drawDeadlines(t)
		seconds := make([]float64, len(gaps))
		for i, g := range gaps {
			seconds[i] = float64(g)
		}
		got := Etalon(seconds, EtalonDeadlines{float64(d.TTFT), float64(d.TBT), d.DecodeOnly})
		if want := Exact(gaps, d); got != want {
			t.Fatalf("etalon %+v, exact %+v", got, want)
		}
	})
}
