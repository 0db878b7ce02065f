package schema

import "github.com/cespare/xxhash/v2"

// Draw is the lot of what a row belongs to, its session say: the same for one seed on
// every machine, for ever. `trace slice` and replay draw alike, so both take the same.
//
// Note: not a cryptographic hash, which takes longer over tens of millions of rows than
// reading them does. Nobody gains by choosing an id; where ids are secrets, capture draws
// by a keyed one.
type Draw uint64

// DrawOf draws for an id of a kind, such as "session".
func DrawOf(seed uint64, kind, id string) Draw {
	var d xxhash.Digest
	d.ResetWithSeed(seed)
	d.WriteString(kind)
	d.WriteString(" ")
	d.WriteString(id)
	return Draw(d.Sum64())
}

// In reports whether a share of all has it. What a smaller share has, a larger one has, too.
func (d Draw) In(share float64) bool { return float64(d>>11) < share*(1<<53) }

// Part is which of n parts of equal size, from 0, has it.
func (d Draw) Part(n int) int {
	return int(uint64(d>>32) * uint64(n) >> 32)
}
