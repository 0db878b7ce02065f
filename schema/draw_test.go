package schema

import (
	"math"
	"strconv"
	"testing"
)

// A share of many has about its part of them, at every seed; what a share has a larger
// one has; and the parts are of about one size.
func TestDraw(t *testing.T) {
	const n = 20_000
	for _, seed := range []uint64{0, 1, math.MaxUint64} {
		tenth, half, both := 0, 0, 0
		parts := make([]int, 3)
		for i := range n {
			d := DrawOf(seed, "session", strconv.Itoa(i))
			parts[d.Part(3)]++
			if d.In(0.5) {
				half++
			}
			if d.In(0.1) {
				tenth++
				if d.In(0.5) {
					both++
				}
			}
		}
		if math.Abs(float64(tenth)-0.1*n) > 4*math.Sqrt(0.09*n) || math.Abs(float64(half)-0.5*n) > 4*math.Sqrt(0.25*n) || both != tenth {
			t.Errorf("seed %d: %d in a tenth, %d of them in the %d of a half", seed, tenth, both, half)
		}
		for _, got := range parts {
			if math.Abs(float64(got)-n/3.0) > 4*math.Sqrt(n*2/9.0) {
				t.Errorf("seed %d: parts %v", seed, parts)
			}
		}
	}
	if d := DrawOf(0, "a", ""); d.In(0) || !d.In(1) {
		t.Error("none has it, or not all")
	}
}

// Samples that people took must stay the same: the values are pinned.
func TestDrawIsForEver(t *testing.T) {
	for _, test := range []struct {
		seed     uint64
		kind, id string
		want     Draw
	}{{0, "session", "a", 0x2917529d4816e431}, {7, "request", "\x00\x01", 0x459eddb20e9f4cab}} {
		if got := DrawOf(test.seed, test.kind, test.id); got != test.want {
			t.Errorf("DrawOf(%d, %q, %q) = %#x, want %#x", test.seed, test.kind, test.id, uint64(got), uint64(test.want))
		}
	}
}
