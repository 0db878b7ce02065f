package llmsim

import "unicode/utf8"

// The simulated tokenizer cuts a text from left to right into
//
//   - words: 1 to 8 ASCII letters, with the one space before them if there is one
//   - numbers: 1 to 3 digits
//   - anything else, one character (or one byte that is not UTF-8) each
//
// Every token's id is its text written as a number, so that ids decode to the
// text again without a vocabulary. They reach 1.1e14: above int32, below the
// 2^53 that JSON carries exactly.
const (
	maxWordLetters = 8
	maxDigits      = 3

	digitBase   = 256              // ids below are single bytes
	runeBase    = digitBase + 1110 // 10 + 100 + 1000 numbers
	wordBase    = runeBase + utf8.MaxRune + 1
	wordCount   = 54507958502660 // 52 + 52^2 + .. + 52^8
	specialBase = wordBase + 2*wordCount + 1
)

// CountTokens is the number of tokens in s.
func CountTokens(s string) int {
	n := 0
	for len(s) > 0 {
		size, _ := nextToken(s)
		s = s[size:]
		n++
	}
	return n
}

// AppendTokens appends the tokens of s to dst.
func AppendTokens(dst []int64, s string) []int64 {
	for len(s) > 0 {
		size, id := nextToken(s)
		dst = append(dst, id)
		s = s[size:]
	}
	return dst
}

// nextToken is the size in bytes and the id of the first token of s, which is
// not empty.
func nextToken(s string) (int, int64) {
	c := s[0]
	switch {
	case isLetter(c):
		n, v := word(s)
		return n, wordBase + v
	case c == ' ' && len(s) > 1 && isLetter(s[1]):
		n, v := word(s[1:])
		return n + 1, wordBase + wordCount + v
	case isDigit(c):
		return number(s)
	case c < utf8.RuneSelf:
		return 1, int64(c)
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		return 1, int64(c)
	}
	return n, runeBase + int64(r)
}

// word reads letters as a number in base 52 without a zero, so that "A" and
// "AA" differ.
func word(s string) (size int, v int64) {
	for size < len(s) && size < maxWordLetters && isLetter(s[size]) {
		v = v*52 + letterValue(s[size])
		size++
	}
	return size, v
}

func number(s string) (int, int64) {
	base, v, n, span := int64(digitBase), int64(0), 0, int64(1)
	for n < len(s) && n < maxDigits && isDigit(s[n]) {
		v = v*10 + int64(s[n]-'0')
		n++
		if n > 1 {
			span *= 10
			base += span
		}
	}
	return n, base + v
}

// Detokenize is the text of tokens; the special ones of the chat template and
// ids that no text has come out as U+FFFD.
func Detokenize(tokens []int64) string {
	var b []byte
	for _, id := range tokens {
		b = appendToken(b, id)
	}
	return string(b)
}

func appendToken(b []byte, id int64) []byte {
	switch {
	case id < 0 || id >= specialBase:
		return utf8.AppendRune(b, utf8.RuneError)
	case id < digitBase:
		return append(b, byte(id))
	case id < runeBase:
		v, digits, span := id-digitBase, 1, int64(10)
		for v >= span {
			v -= span
			span *= 10
			digits++
		}
		for ; digits > 0; digits-- {
			span /= 10
			b = append(b, byte('0'+v/span%10))
		}
		return b
	case id <= wordBase: // wordBase itself would be the empty word
		return utf8.AppendRune(b, rune(id-runeBase))
	}
	v := id - wordBase
	if v > wordCount {
		b, v = append(b, ' '), v-wordCount
	}
	var letters [maxWordLetters]byte
	at := len(letters)
	for v > 0 {
		at--
		letters[at] = letter((v-1)%52 + 1)
		v = (v - 1) / 52
	}
	return append(b, letters[at:]...)
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// letterValue is 1 to 52.
func letterValue(c byte) int64 {
	if c >= 'a' {
		return int64(c-'a') + 27
	}
	return int64(c-'A') + 1
}

func letter(v int64) byte {
	if v > 26 {
		return byte('a' + v - 27)
	}
	return byte('A' + v - 1)
}
