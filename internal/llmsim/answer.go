package llmsim

import "math"

// appendWord appends the text of token index (0 is the first) of the answer
// with the given key: four or six lower-case letters, with a space before them
// but at the very start. Each is one token, and no word merges with the next.
func appendWord(b []byte, key uint64, index int) []byte {
	const consonants, vowels = "bcdfghjklmnprstvwxz", "aeiou"
	h := mix(key + uint64(index))
	if index > 0 {
		b = append(b, ' ')
	}
	syllables := 2 + int(h>>63)
	for range syllables {
		b = append(b, consonants[h%uint64(len(consonants))], vowels[h>>8%uint64(len(vowels))])
		h = h >> 16
	}
	return b
}

// wordLogprob is the simulated logarithm of a token's probability: from -1.999
// to -0.001, in thousandths.
func wordLogprobMilli(key uint64, index int) int {
	return -1 - int(mix(key^uint64(index)<<1)%1999)
}

// draw is the length that an answer with the given key ends at by itself. It
// is a function of the key alone, hence of the question and the seed: the same
// question has the same answer, whatever else the server was asked, and two
// runs of one trace can be compared row by row.
func (o OutputLengths) draw(key uint64) int {
	// Box and Muller's transform of two uniform numbers.
	u, v := 1-unit(mix(key^1)), unit(mix(key^2))
	z := math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
	tokens := o.MedianTokens * math.Exp(o.Sigma*z)
	return int(math.Round(min(max(tokens, 1), math.MaxInt32)))
}
