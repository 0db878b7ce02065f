package prompt

import "metron/internal/splitmix"

// Seed says which text: the same seed gives the same text on every machine.
type Seed uint64

// SeedOf mixes numbers into one seed, in their order. Of two lists that differ in the
// last number alone the seeds differ.
func SeedOf(parts ...uint64) Seed {
	return Seed(splitmix.Hash(parts...))
}

// random is a splitmix64 generator.
type random uint64

func (s *random) next() uint64 {
	*s += splitmix.Step
	return splitmix.Finish(uint64(*s))
}
