package splitmix

import "testing"

// TestFinish holds numbers against the reference generator's, seeded with 0 and
// 1234567.
func TestFinish(t *testing.T) {
	for seed, want := range map[uint64][]uint64{
		0:       {0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f},
		1234567: {6457827717110365317, 3203168211198807973, 9817491932198370423},
	} {
		state := seed
		for i, n := range want {
			state += Step
			if got := Finish(state); got != n {
				t.Errorf("number %d of seed %d is %d, want %d", i, seed, got, n)
			}
		}
	}
}
