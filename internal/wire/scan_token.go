package wire

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strings"
)

// skip reads past a value of any type.
func (s *scanner) skip() {
	switch c := s.peek(); c {
	case '"':
		s.quoted()
	case '{':
		for s.enter('{'); s.next('}'); {
			s.key()
			s.skip()
		}
	case '[':
		for s.enter('['); s.next(']'); {
			s.skip()
		}
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		s.number()
	}
}

func (s *scanner) literal(word string) {
	if len(s.b)-s.i < len(word) || string(s.b[s.i:s.i+len(word)]) != word {
		s.fail()
		return
	}
	s.i += len(word)
}

func (s *scanner) number() {
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	if s.i < len(s.b) && s.b[s.i] == '0' {
		s.i++
	} else if !s.digits() {
		s.fail()
		return
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		if !s.digits() {
			s.fail()
			return
		}
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if !s.digits() {
			s.fail()
		}
	}
}

func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > start
}

// quoted reads the string that begins here and returns its inside.
func (s *scanner) quoted() []byte {
	s.i++
	start := s.i
	for {
		s.i += plain(s.b[s.i:])
		if s.i >= len(s.b) || s.b[s.i] < ' ' {
			s.fail()
			return nil
		}
		if s.b[s.i] == '"' {
			s.i++
			return s.b[start : s.i-1]
		}
		n := escape(s.b[s.i:])
		if n == 0 {
			s.fail()
			return nil
		}
		s.i += n
	}
}

// plain returns how many bytes stand before the first quote, backslash or
// control character, looking at eight at a time.
func plain(b []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		quote, slash := x^(ones*'"'), x^(ones*'\\')
		// A borrow can mark bytes above a hit by mistake, never below: the
		// lowest mark is exact.
		hit := ((x-ones*' ')&^x | (quote-ones)&^quote | (slash-ones)&^slash) & highs
		if hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < ' ' {
			break
		}
	}
	return i
}

// escape returns the length of the escape sequence at the start of b, 0 if it
// is none.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if b[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, b[1]) < 0 {
			return 0
		}
		return 2
	}
	if len(b) < 6 {
		return 0
	}
	for _, c := range b[2:6] {
		if c-'0' > 9 && c|0x20-'a' > 5 {
			return 0
		}
	}
	return 6
}

// unquote gives the text that the inside of a JSON string stands for.
func unquote(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	quoted := append(append([]byte{'"'}, raw...), '"')
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return "" // the scanner has checked it already
	}
	return text
}
