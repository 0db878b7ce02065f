package llmsim

import "fmt"

// Cost is how long a step takes: the sum of its prompts' chunks and of its
// decodes, which wait for one another as they do in one forward pass.
//
// The cost of a prompt of n tokens of which u are cached is, over all of its
// chunks, PrefillUS + PrefillTokenUS*(n-u) + PrefillSquareNS/1000*(n^2-u^2):
// how it was cut into chunks does not matter, so an isolated prompt's time is
// exactly this quadratic and a fit can be held against it.
type Cost struct {
	PrefillUS       float64 // once a prompt, with its first chunk
	PrefillTokenUS  float64 // a prompt token that is not cached
	PrefillSquareNS float64 // ns a squared token: attention of the chunk over all before it

	DecodeUS             float64 // a step that decodes anything: the weights are read
	DecodeSequenceUS     float64 // a sequence in that step
	DecodeContextTokenNS float64 // ns a token of context that those sequences read
}

// prefillUS is the time of one chunk, prompt tokens from up to to.
func (c Cost) prefillUS(from, to int, first bool) float64 {
	a, b := float64(from), float64(to)
	us := c.PrefillTokenUS*(b-a) + c.PrefillSquareNS*(b*b-a*a)/1e3
	if first {
		us += c.PrefillUS
	}
	return us
}

// decodeUS is the time of one token each for sequences with a total context.
func (c Cost) decodeUS(sequences, contextTokens int) float64 {
	if sequences == 0 {
		return 0
	}
	return c.DecodeUS + c.DecodeSequenceUS*float64(sequences) + c.DecodeContextTokenNS*float64(contextTokens)/1e3
}

func (c Cost) check() error {
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"prefill cost", c.PrefillUS}, {"prefill cost a token", c.PrefillTokenUS},
		{"prefill cost a squared token", c.PrefillSquareNS}, {"decode cost", c.DecodeUS},
		{"decode cost a sequence", c.DecodeSequenceUS}, {"decode cost a context token", c.DecodeContextTokenNS},
	} {
		// Above an hour a step, sums of durations would leave the int64 range.
		if !(f.value >= 0 && f.value <= 3.6e9) {
			return fmt.Errorf("%s is %v, want 0 to 3.6e9", f.name, f.value)
		}
	}
	return nil
}
