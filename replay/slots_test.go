package replay

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSlots: whatever comes and goes, no more are in flight than the cap has,
// places are given in order, and none is lost.
func TestSlots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &slots{most: rapid.IntRange(1, 3).Draw(t, "cap"), policy: rapid.SampledFrom([]Overload{Queue, Shed, Abort}).Draw(t, "policy")}
		cut := map[*slot]bool{}
		var all []*slot
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			var in []*slot
			for _, n := range all {
				if granted(n) {
					in = append(in, n)
				}
			}
			if len(in) > 0 && rapid.Bool().Draw(t, "leave") {
				n := rapid.SampledFrom(in).Draw(t, "who")
				s.leave(n, 7)
				all = slices.DeleteFunc(all, func(m *slot) bool { return m == n })
			} else {
				var n *slot
				n = s.enter(t.Context(), func(error) { cut[n] = true })
				if n.shed {
					if s.policy != Shed || len(in) < s.most {
						t.Fatalf("shed under %s with %d of %d in flight", s.policy, len(in), s.most)
					}
					continue
				}
				all = append(all, n)
			}
			flying, waits := 0, false
			for _, n := range all {
				switch {
				case granted(n) && waits:
					t.Fatal("a place was given out of turn")
				case granted(n) && !cut[n]:
					flying++
				case !granted(n):
					waits = true
				}
			}
			if flying > s.most || waits && flying < s.most {
				t.Fatalf("%d in flight under a cap of %d, others wait: %v", flying, s.most, waits)
			}
		}
	})
}

func granted(n *slot) bool {
	select {
	case <-n.granted:
		return true
	default:
		return false
	}
}
