package wire

import (
	"math"
	"strconv"
)

// maxDepth is how deep JSON may nest, as in encoding/json.
const maxDepth = 10000

// scanner walks over JSON without building anything:
//
//	for in := s.into('{'); in && s.next('}'); {
//		switch string(s.key()) {
//		case "id":
//			id = s.str()
//		default:
//			s.skip()
//		}
//	}
//
// It accepts exactly what encoding/json calls valid. After the first fault it
// stands still at the end: loops end, values are empty, and ok reports false.
type scanner struct {
	b      []byte
	i      int
	depth  int
	first  bool // nothing was read yet of the container that was entered last
	failed bool
}

func (s *scanner) fail() {
	s.failed = true
	s.i = len(s.b)
}

// ok reports whether the bytes were one JSON value, whole and nothing more.
func (s *scanner) ok() bool {
	s.space()
	return !s.failed && s.i == len(s.b)
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// peek returns the first byte of the value that comes next, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.i == len(s.b) {
		return 0
	}
	return s.b[s.i]
}

// enter steps into the object or array that peek has seen.
func (s *scanner) enter(open byte) {
	if s.peek() != open || s.depth == maxDepth {
		s.fail()
		return
	}
	s.i++
	s.depth++
	s.first = true
}

// into steps into the value that comes next if it is a container that begins
// with open, and skips it if it is anything else.
func (s *scanner) into(open byte) bool {
	if s.peek() != open {
		s.skip()
		return false
	}
	s.enter(open)
	return true
}

// next reports whether the container that ends with close has a further
// member; if not it steps out.
func (s *scanner) next(close byte) bool {
	c := s.peek()
	switch {
	case c == close:
		s.i++
		s.depth--
		s.first = false
		return false
	case s.first:
		s.first = false
	case c == ',':
		s.i++
	default:
		s.fail()
	}
	if s.i >= len(s.b) {
		s.fail()
	}
	return !s.failed
}

// key reads a member's name and its colon.
func (s *scanner) key() []byte {
	if s.peek() != '"' {
		s.fail()
		return nil
	}
	raw := s.quoted()
	if s.peek() != ':' {
		s.fail()
		return nil
	}
	s.i++
	for _, c := range raw {
		if c == '\\' {
			return []byte(unquote(raw))
		}
	}
	return raw
}

// str reads a string and returns what stands between its quotes, escapes
// untouched; it skips any other value and returns nil. Empty is empty in
// either form, so most callers need no more.
func (s *scanner) str() []byte {
	if s.peek() != '"' {
		s.skip()
		return nil
	}
	return s.quoted()
}

// text reads a string into a Go string; "" for any other value.
func (s *scanner) text() string { return unquote(s.str()) }

// raw skips a value and returns its bytes.
func (s *scanner) raw() []byte {
	s.space()
	start := s.i
	s.skip()
	if s.failed {
		return nil
	}
	return s.b[start:s.i]
}

// integer reads a whole number; anything else gives false.
func (s *scanner) integer() (int64, bool) {
	raw := s.raw()
	if len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return 0, false
	}
	// Token counts are short: no string, no error value.
	if len(raw) <= 18 && raw[0] != '-' {
		n := int64(0)
		for _, c := range raw {
			if c < '0' || c > '9' {
				return wholeNumber(string(raw))
			}
			n = n*10 + int64(c-'0')
		}
		return n, true
	}
	return wholeNumber(string(raw))
}

// wholeNumber reads also what is whole in another spelling: 16.0, 1e3.
func wholeNumber(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// float reads a number; nil for anything else.
func (s *scanner) float() *float64 {
	f, err := strconv.ParseFloat(string(s.raw()), 64)
	if err != nil {
		return nil
	}
	return &f
}

// boolean reads true or false; nil for anything else.
func (s *scanner) boolean() *bool {
	switch string(s.raw()) {
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	return nil
}

// count skips an array and returns its length; -1 for anything else.
func (s *scanner) count() int64 {
	if !s.into('[') {
		return -1
	}
	n := int64(0)
	for s.next(']') {
		s.skip()
		n++
	}
	return n
}
