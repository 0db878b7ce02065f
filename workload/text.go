package workload

// openerTokens is the length of a text's opener: twelve digits, which
// tokenizers that group digits by three (and the simulator) take as four
// tokens, and which no other text begins with.
//
// Note: texts are exact in cl100k and o200k. Models that take digits one by
// one (Qwen, Gemma) count eight tokens more. A word of random letters would be as distinct, and of a length that no
// tokenizer agrees on.
const (
	openerTokens = 4
	openerDigits = 3 * openerTokens
)

// random is a splitmix64 generator: the same seed gives the same texts on
// every machine.
type random uint64

func (s *random) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	return scramble(uint64(*s))
}

func scramble(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// seedOf mixes numbers into one seed, in their order.
func seedOf(parts ...uint64) random {
	x := uint64(len(parts))
	for _, p := range parts {
		x = scramble(x ^ scramble(p+0x9e3779b97f4a7c15))
	}
	return random(x)
}

// textBytes is an upper bound on the size of a text of so many tokens.
func textBytes(tokens int64) int64 { return openerDigits + wordBytes*tokens }

// appendText appends a text of exactly so many tokens, drawn from s: an opener
// and words. A shorter text of the same seed is a prefix of a longer one, and
// texts that are appended to each other keep their tokens: letters and digits
// never merge, nor do groups of three digits.
func appendText(dst []byte, s random, tokens int64) []byte {
	number := s.next()
	for range 3 * min(tokens, openerTokens) {
		dst = append(dst, byte('0'+number%10))
		number /= 10
	}
	for left := tokens - openerTokens; left > 0; left -= 8 {
		draw := s.next()
		for range min(left, 8) {
			at := wordLetters * int(draw&0xff)
			dst = append(dst, ' ', words[at], words[at+1], words[at+2], words[at+3])
			draw >>= 8
		}
	}
	return dst
}
