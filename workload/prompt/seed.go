package prompt

// Seed says which text: the same seed gives the same text on every machine.
type Seed uint64

// SeedOf mixes numbers into one seed, in their order. Of two lists that differ in the
// last number alone the seeds differ.
func SeedOf(parts ...uint64) Seed {
	x := uint64(len(parts))
	for _, p := range parts {
		x = scramble(x ^ scramble(p+0x9e3779b97f4a7c15))
	}
	return Seed(x)
}

// random is a splitmix64 generator.
type random uint64

func (s *random) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	return scramble(uint64(*s))
}

// scramble is one to one.
func scramble(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
