package prompt

import (
	"math"
	"strings"
)

// Known is the alphabet of those symbols that a tokenizer takes as one token each,
// behind another and at the very beginning. count is its number of tokens of a text,
// below 0 where it has none to give; it is asked a few times for each symbol that is not
// one. nil: there is no such alphabet.
func (a *Alphabet) Known(count func(text string) (int64, error)) (*Alphabet, error) {
	k := knower{of: a, count: count}
	all := make([]int, a.Size())
	for i := range all {
		all[i] = i
	}
	if err := k.base(); err != nil || k.added < 0 {
		return nil, err
	}
	one, err := k.behind(all)
	if err != nil {
		return nil, err
	}
	if one, err = k.first(one); err != nil {
		return nil, err
	}
	return a.Only(one), nil
}

// knower looks for symbols of one token by halving: a list of symbols is as many
// tokens as it has symbols only if each is one.
type knower struct {
	of     *Alphabet
	count  func(text string) (int64, error)
	before string // symbol that stands before the others
	added  int64  // tokens of it, and those that the tokenizer adds; below 0: it does not count
}

// base counts a symbol alone.
func (k *knower) base() (err error) {
	k.before = k.of.Symbol(0)[1:]
	k.added, err = k.count(k.before)
	return err
}

// first gives those of the symbols that are one token at the beginning of a text,
// where what parts them is not there: those of the fewest tokens.
func (k *knower) first(symbols []int) (fewest []int, err error) {
	least := int64(math.MaxInt64)
	for _, s := range symbols {
		n, err := k.count(k.of.Symbol(s)[1:])
		if err != nil {
			return nil, err
		}
		if n < least {
			least, fewest = n, nil
		}
		if n == least {
			fewest = append(fewest, s)
		}
	}
	return fewest, nil
}

// behind gives those of the symbols that are one token behind another.
func (k *knower) behind(symbols []int) ([]int, error) {
	text := strings.Builder{}
	text.WriteString(k.before)
	for _, s := range symbols {
		text.WriteString(k.of.Symbol(s))
	}
	n, err := k.count(text.String())
	switch {
	case err != nil:
		return nil, err
	case n-k.added == int64(len(symbols)):
		return symbols, nil
	case len(symbols) == 1:
		return nil, nil
	}
	half := len(symbols) / 2
	some, err := k.behind(symbols[:half])
	if err != nil {
		return nil, err
	}
	more, err := k.behind(symbols[half:])
	return append(some[:len(some):len(some)], more...), err
}

// IDs is the alphabet of the ids that a tokenizer gives the symbols of this one.
func (a *Alphabet) IDs(encode func(text string) []int) *Alphabet {
	var ids []int
	for i := range a.Size() {
		both := encode(a.Symbol(0)[1:] + a.Symbol(i))
		ids = append(ids, both[len(both)-1])
	}
	return IDs(ids)
}
