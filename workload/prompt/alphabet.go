package prompt

import (
	"math"
	"slices"
	"strconv"

	"metron/internal/splitmix"
)

// Alphabet is the symbols that texts are made of. Each begins with one byte that
// parts it from the one before.
type Alphabet struct {
	symbols []symbol
	widest  int64 // bytes of the longest
	opener  int64 // symbols that tell any two seeds apart
}

// symbol is a few bytes, in a form that is copied at once.
type symbol struct {
	text [symbolBytes]byte
	size int
}

// symbolBytes is the most that a symbol has.
const symbolBytes = 8

// minSymbols is the least that an alphabet has: with fewer, openers are long.
const minSymbols = 32

// maxSymbols is how many a draw tells apart.
const maxSymbols = 1 << 16

// Words is the alphabet of all words that there are, each with the space before it.
func Words() *Alphabet {
	var list []symbol
	for at := 0; at < len(words); at += wordLetters {
		list = append(list, symbolOf(' ', words[at:at+wordLetters]))
	}
	return alphabetOf(list)
}

// IDRange is the alphabet of the token ids of a range, thinned out if they are very many.
func IDRange(from, to int) *Alphabet {
	step := 1 + (to-from)/maxSymbols
	var ids []int
	for id := from; id <= to; id += step {
		ids = append(ids, id)
	}
	return IDs(ids)
}

// IDs is the alphabet of token ids, each with the comma before it.
func IDs(ids []int) *Alphabet {
	list := make([]symbol, len(ids))
	for i, id := range ids {
		list[i] = symbolOf(',', strconv.Itoa(id))
	}
	return alphabetOf(list)
}

func symbolOf(before byte, text string) (s symbol) {
	s.text[0] = before
	s.size = 1 + copy(s.text[1:], text)
	return s
}

// alphabetOf is nil for too few symbols.
func alphabetOf(list []symbol) *Alphabet {
	if len(list) < minSymbols {
		return nil
	}
	widest := slices.MaxFunc(list, func(a, b symbol) int { return a.size - b.size }).size
	return &Alphabet{list, int64(widest), int64(math.Ceil(64 / math.Log2(float64(len(list)))))}
}

// Size is the number of symbols.
func (a *Alphabet) Size() int { return len(a.symbols) }

// Only is the alphabet of some of the symbols, by their numbers; nil for too few
// of them.
func (a *Alphabet) Only(numbers []int) *Alphabet {
	list := make([]symbol, len(numbers))
	for i, n := range numbers {
		list[i] = a.symbols[n]
	}
	return alphabetOf(list)
}

// Symbol is the text of a symbol, with the byte that parts it from the one before.
func (a *Alphabet) Symbol(number int) string {
	s := a.symbols[number]
	return string(s.text[:s.size])
}

// Room is how much Append needs for so many symbols.
func (a *Alphabet) Room(symbols int64) int { return int(a.widest*symbols) + symbolBytes }

// Append appends a text of so many symbols, each with the byte before it. A shorter
// text of the same seed is the beginning of a longer one.
func (a *Alphabet) Append(dst []byte, s Seed, symbols int64) []byte {
	if symbols <= 0 {
		return dst
	}
	at := len(dst)
	dst = slices.Grow(dst, a.Room(symbols))
	room, list := dst[:cap(dst)], a.symbols
	n := uint64(len(list))
	number := splitmix.Finish(uint64(s)) // one to one, as its digits are
	for range min(symbols, a.opener) {
		at += list[number%n].put(room[at:])
		number /= n
	}
	draws := random(s)
	for left := symbols - a.opener; left > 0; left -= 4 {
		draw := draws.next()
		for range min(left, 4) {
			at += list[draw&0xffff*n>>16].put(room[at:])
			draw >>= 16
		}
	}
	return room[:at]
}

// put writes the symbol, and may write beyond it.
func (s *symbol) put(room []byte) (size int) {
	*(*[symbolBytes]byte)(room) = s.text
	return s.size
}
