package prompt

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"metron/internal/splitmix"
	"metron/internal/tokenizer"
)

// text is what a server gets: without the byte before the first symbol.
func text(a *Alphabet, seed Seed, symbols int64) string {
	return string(a.Append(nil, seed, symbols))[1:]
}

func open(t testing.TB, name string) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func encodings() []string { return []string{"cl100k_base", "o200k_base", "p50k_base", "r50k_base"} }

func TestWords(t *testing.T) {
	a, seen := Words(), map[string]bool{}
	if a.Size() != 256 || a.opener != 8 {
		t.Errorf("%d words, opener of %d", a.Size(), a.opener)
	}
	for _, name := range encodings() {
		tok := open(t, name)
		for i := range a.Size() {
			word := a.Symbol(i)
			if !regexp.MustCompile(`^ [a-z]{4}$`).MatchString(word) || seen[name+word] {
				t.Errorf("%q is no word, or there twice", word)
			}
			seen[name+word] = true
			if n, m := tok.Count(word), tok.Count(word[1:]); n != 1 || m != 1 {
				t.Errorf("%s: %q is %d tokens, %d at the beginning", name, word, n, m)
			}
		}
	}
}

// TestTextIsPinned: the same seed gives the same text on every machine and in every
// version.
func TestTextIsPinned(t *testing.T) {
	for _, c := range []struct {
		of   *Alphabet
		want string
	}{
		{Words(), "gate half path left grow bird bear item much"},
		{IDRange(1000, 31_999), "18745,26950,5677,26879,1009,21562,31103,1670,6886"},
	} {
		if got := text(c.of, SeedOf(1, 2), 9); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestTokensAreSymbols: with real tokenizers a text is as many tokens as symbols, and
// texts behind each other keep their tokens.
func TestTokensAreSymbols(t *testing.T) {
	for _, name := range encodings() {
		tok, a := open(t, name), Words()
		rapid.Check(t, func(t *rapid.T) {
			var whole string
			var tokens []int
			for i, seed := range rapid.SliceOfN(rapid.Uint64(), 1, 6).Draw(t, "seeds") {
				n := rapid.Int64Range(1, 60).Draw(t, "n")
				part := string(a.Append(nil, Seed(seed), n))
				if i == 0 {
					part = part[1:]
				}
				ids := tok.Encode(part)
				if int64(len(ids)) != n {
					t.Fatalf("%s: %q is %d tokens, not %d", name, part, len(ids), n)
				}
				whole += part
				tokens = append(tokens, ids...)
			}
			if got := tok.Encode(whole); !slices.Equal(got, tokens) {
				t.Fatalf("%s: %q: tokens merge", name, whole)
			}
		})
	}
}

// TestSeedsDiffer: any two seeds differ within the opener, since it can be read back.
func TestSeedsDiffer(t *testing.T) {
	some := Words().Only([]int{7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63, 65, 67, 69, 71})
	for _, a := range []*Alphabet{Words(), IDRange(1000, 31_999), some} {
		numbers := map[string]uint64{}
		for i := range a.Size() {
			numbers[a.Symbol(i)] = uint64(i)
		}
		rapid.Check(t, func(t *rapid.T) {
			seed := Seed(rapid.Uint64().Draw(t, "seed"))
			opener := string(a.Append(nil, seed, a.opener))
			var number uint64
			for _, s := range slices.Backward(strings.Split(opener, opener[:1])[1:]) {
				number = number*uint64(a.Size()) + numbers[opener[:1]+s]
			}
			if number != splitmix.Finish(uint64(seed)) {
				t.Fatalf("%d: %q reads as %d, want %d", seed, opener, number, splitmix.Finish(uint64(seed)))
			}
			n := rapid.Int64Range(0, 40).Draw(t, "n")
			if short, long := a.Append(nil, seed, n), a.Append(nil, seed, n+rapid.Int64Range(0, 40).Draw(t, "more")); !strings.HasPrefix(string(long), string(short)) {
				t.Fatalf("%q does not begin with %q", long, short)
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		if a != b && SeedOf(5, 1, a) == SeedOf(5, 1, b) {
			t.Fatalf("%d and %d have one seed", a, b)
		}
	})
}

func TestIDs(t *testing.T) {
	a := IDRange(100, 200_000)
	if a.Size() > maxSymbols {
		t.Errorf("%d symbols, more than are drawn", a.Size())
	}
	var ids []int
	list := a.Append(nil, 3, 10_000)
	list[0] = '['
	if err := json.Unmarshal(append(list, ']'), &ids); err != nil || len(ids) != 10_000 || slices.Min(ids) < 100 || slices.Max(ids) > 200_000 {
		t.Errorf("%d ids from %d to %d: %v", len(ids), slices.Min(ids), slices.Max(ids), err)
	}
	if slices.Max(ids)-slices.Min(ids) < 190_000 {
		t.Errorf("ids from %d to %d are not of the whole range", slices.Min(ids), slices.Max(ids))
	}
	if IDRange(5, 20) != nil {
		t.Error("an alphabet of 16 symbols")
	}
}

// TestKnown finds the words of one token, whatever a tokenizer adds to a text.
func TestKnown(t *testing.T) {
	all := Words()
	rapid.Check(t, func(t *rapid.T) {
		odd := map[string]bool{}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, 255), 0, 60).Draw(t, "odd") {
			odd[strings.TrimSpace(all.Symbol(i))] = true
		}
		added, asked := rapid.Int64Range(0, 5).Draw(t, "added"), 0
		a, err := all.Known(func(text string) (int64, error) {
			asked++
			n := added
			for _, word := range strings.Fields(text) {
				if n++; odd[word] {
					n++
				}
			}
			return n, nil
		})
		if err != nil || a.Size() != 256-len(odd) || asked > 258+16*len(odd) {
			t.Fatalf("%d words are of one token, want all but %d; asked %d times, %v", a.Size(), len(odd), asked, err)
		}
		for i := range a.Size() {
			if odd[a.Symbol(i)[1:]] {
				t.Fatalf("%q is not one token", a.Symbol(i))
			}
		}
	})
	if a, err := all.Known(func(text string) (int64, error) { return int64(len(text)), nil }); a != nil || err != nil {
		t.Errorf("letters are tokens: %v, %v", a, err)
	}
	if a, err := all.Known(func(string) (int64, error) { return -1, nil }); a != nil || err != nil {
		t.Errorf("a tokenizer that does not count: %v, %v", a, err)
	}
	if _, err := all.Known(func(string) (int64, error) { return 0, fmt.Errorf("gone") }); err == nil {
		t.Error("an error got lost")
	}
}

// TestAppendAllocates: into a buffer with room nothing is.
func TestAppendAllocates(t *testing.T) {
	a, room := Words(), make([]byte, 0, 9000)
	if n := testing.AllocsPerRun(10, func() { a.Append(room, 5, 1000) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, a := range map[string]*Alphabet{"words": Words(), "ids": IDRange(1000, 31_999)} {
		b.Run(name, func(b *testing.B) {
			const tokens = 12_000 // the mean of the Mooncake conversation trace
			var room []byte
			for b.Loop() {
				room = a.Append(room[:0], 5, tokens)
			}
			b.SetBytes(int64(len(room)))
			b.ReportMetric(tokens*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mtokens/s")
		})
	}
}

// BenchmarkEncode is what tokenizing the same text costs.
func BenchmarkEncode(b *testing.B) {
	tok, s := open(b, "cl100k_base"), text(Words(), 5, 12_000)
	for b.Loop() {
		tok.Count(s)
	}
	b.SetBytes(int64(len(s)))
}
