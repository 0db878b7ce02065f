package analyze

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestPlayback(t *testing.T) {
	for _, c := range []struct {
		name   string
		gaps   []int64
		d      Deadlines
		onTime int64
		want   Playback
	}{
		{"no tokens", nil, Deadlines{TTFT: 10, TBT: 10}, 0, Playback{}},
		{"always ahead", []int64{10, 10, 10}, Deadlines{TTFT: 10, TBT: 10}, 3, Playback{Tokens: 3, Reading: 30}},
		// The reader needs token 1 at 10, 11 and 22 after one tick, token 3 at 32 and gets it at 39.
		{"not gamed", []int64{11, 11, 17}, Deadlines{TTFT: 10, TBT: 10}, 0,
			Playback{Tokens: 3, Reading: 30, Stalled: 9, Stalls: 3, Longest: 7, StartDelay: 8}},
		{"the same with token 1 held back", []int64{19, 3, 17}, Deadlines{TTFT: 10, TBT: 10}, 0,
			Playback{Tokens: 3, Reading: 30, Stalled: 9, Stalls: 1, Longest: 9, StartDelay: 0}},
		// Absolute places: 500, 550, 600, 650, 700, 750; tokens at 450, 490, 530, 910, 960, 1020.
		{"the worked example", []int64{450, 40, 40, 380, 50, 60}, Deadlines{TTFT: 500, TBT: 50}, 3,
			Playback{Tokens: 6, Reading: 300, Stalled: 270, Stalls: 2, Longest: 260, StartDelay: 320}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := OnTime(c.gaps, c.d); got != c.onTime {
				t.Errorf("%d on time, want %d", got, c.onTime)
			}
			if got := Play(c.gaps, c.d); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// slowPlay walks the clock of METRICS.md over absolute times.
func slowPlay(gaps []int64, d Deadlines) (onTime int64, p Playback) {
	at, finish, first := int64(0), d.TTFT, int64(0)
	for i, g := range gaps {
		at += g
		if i == 0 {
			first = at
		}
		if at <= d.TTFT+int64(i)*d.TBT {
			onTime++
		}
		if stall := at - finish; stall > 0 {
			p.Stalled += stall
			p.Stalls++
			p.Longest = max(p.Longest, stall)
		}
		finish = max(finish, at) + d.TBT
		p.StartDelay = max(p.StartDelay, at-first-int64(i)*d.TBT)
		p.Tokens++
	}
	p.Reading = p.Tokens * d.TBT
	return onTime, p
}

func TestPlaybackIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps, d := drawGaps(t, "gaps"), drawDeadlines(t)
		onTime, want := slowPlay(gaps, d)
		if got := Play(gaps, d); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if got := OnTime(gaps, d); got != onTime {
			t.Fatalf("%d on time, want %d", got, onTime)
		}
	})
}

// Holding a token back, and with it those that would have overtaken it, never
// raises the two measures. The fluidity-index fails this (the two gamed cases of
// TestFluidity): that is why they are here.
func TestDelayNeverRaisesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps, d := drawGaps(t, "gaps"), drawDeadlines(t)
		if len(gaps) == 0 {
			return
		}
		held := slices.Clone(gaps)
		i := rapid.IntRange(0, len(gaps)-1).Draw(t, "token")
		delay := rapid.Int64Range(0, 100).Draw(t, "delay")
		held[i] += delay
		for j := i + 1; j < len(held) && delay > 0; j++ { // later tokens keep their times
			take := min(delay, held[j])
			held[j] -= take
			delay -= take
		}
		if a, b := OnTime(gaps, d), OnTime(held, d); b > a {
			t.Fatalf("token %d held back: %d on time became %d", i, a, b)
		}
		if a, b := Play(gaps, d), Play(held, d); b.Stalled < a.Stalled {
			t.Fatalf("token %d held back: %d stalled became %d", i, a.Stalled, b.Stalled)
		}
	})
}

func TestStartDelayAvoidsEveryStall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gaps, d := drawGaps(t, "gaps"), drawDeadlines(t)
		if len(gaps) == 0 {
			return
		}
		delay := Play(gaps, d).StartDelay
		if p := Play(gaps, Deadlines{TTFT: gaps[0] + delay, TBT: d.TBT}); p.Stalls != 0 {
			t.Fatalf("starting %d after the first token still stalls %d times", delay, p.Stalls)
		}
		if delay == 0 {
			return
		}
		if p := Play(gaps, Deadlines{TTFT: gaps[0] + delay - 1, TBT: d.TBT}); p.Stalls == 0 {
			t.Fatalf("starting %d after the first token would have been enough", delay-1)
		}
	})
}
