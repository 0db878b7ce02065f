// Package splitmix scatters numbers as the generator splitmix64 does: fast, the
// same on every machine, and no secret. It imports nothing.
package splitmix

// Step is what splitmix64 adds to its state before each number.
const Step = 0x9e3779b97f4a7c15

// Finish is splitmix64's last step, which is one to one: neighbours become numbers
// that have nothing to do with each other.
func Finish(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Hash makes one number of several, in their order. Of two lists that differ in the
// last number alone the hashes differ.
func Hash(parts ...uint64) uint64 {
	x := uint64(len(parts))
	for _, p := range parts {
		x = Finish(x ^ Finish(p+Step))
	}
	return x
}
