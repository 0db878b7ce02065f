package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// maxTail bounds the text that is cut into tokens anew with each fragment.
const maxTail = 512

// Stream counts a text that comes in fragments. Of the text it holds only what
// is behind the last place where every pre-tokenizer cuts: a space between two
// letters. Where 512 bytes have none the text is cut all the same, which can cost
// a token more than the whole text has.
type Stream struct {
	of     *Tokenizer
	tail   string
	tokens int   // of tail, as counted so far
	debt   int   // tokens that a later merge took away
	at     place // of tail
}

// Stream returns a counter for one text. It is not safe for concurrent use.
func (t *Tokenizer) Stream() *Stream { return &Stream{of: t, at: start} }

// Add returns by how many tokens the text has grown with this fragment. Where a
// fragment joins what was counted as two, it returns 0 and sets the loss off
// against later growth: the sum of what it returns is the text's count whenever
// nothing is left to set off.
func (s *Stream) Add(fragment string) int {
	s.tail += fragment
	tokens := s.of.count(s.tail, s.at)
	grown := tokens - s.tokens - s.debt
	s.tokens, s.debt = tokens, max(0, -grown)
	if cut := lastBoundary(s.tail); cut > 0 {
		s.keep(cut)
	} else if len(s.tail) > maxTail {
		s.keep(len(s.tail))
	}
	return max(0, grown)
}

// keep forgets the text before a place.
func (s *Stream) keep(from int) {
	s.tail, s.at = s.tail[from:], within
	s.tokens = s.of.count(s.tail, within)
}

// lastBoundary finds the last space between two letters, 0 if there is none.
func lastBoundary(text string) int {
	for i := len(text) - 2; i > 0; i-- {
		if text[i] != ' ' {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+1:])
		if unicode.IsLetter(before) && unicode.IsLetter(after) {
			return i
		}
	}
	return 0
}
