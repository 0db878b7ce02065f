package tokenizer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"metron/internal/term"
)

// Tokenizer cuts texts into tokens. It may be used by several goroutines at once.
type Tokenizer struct {
	name  string
	added map[byte][]string // texts that are a token, by their first byte, the longest first
	ids   map[string]int32  // of those

	normalize []func(text string, at place) string
	steps     []step

	vocabulary byteRanks // id by the token's bytes
	whole      bool      // a piece that is a token is not cut
	by         ranks

	runes   bool       // tokens are made of characters, not of bytes
	bytesOf [256]int32 // ids of single bytes for characters that are no token; 0: none
	unknown int32      // id of what is no token; -1: it is left out
	fuse    bool       // neighbours that are unknown are one
}

// Open returns the tokenizer of that name, or the one in a file tokenizer.json.
func Open(nameOrFile string) (*Tokenizer, error) {
	var names []string
	for _, e := range encodings() {
		if e.name == nameOrFile {
			return openEncoding(e)
		}
		names = append(names, e.name)
	}
	data, err := readFile(nameOrFile)
	if errors.Is(err, fs.ErrNotExist) && filepath.Ext(nameOrFile) == "" {
		return nil, term.WithHint(fmt.Errorf("tokenizer %q is not known, and no file has that name", nameOrFile),
			"names are %s; any other is a file tokenizer.json", strings.Join(names, ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t, err := readHuggingFace(data)
	if err != nil {
		return nil, fmt.Errorf("tokenizer %q: %w", nameOrFile, err)
	}
	t.name = filepath.Base(nameOrFile)
	return t, nil
}

// maxFile bounds a tokenizer.json; the largest ones known have 35 MB.
const maxFile = 256 << 20

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		path = filepath.Join(path, "tokenizer.json") // a model's folder
		if info, err = os.Stat(path); err != nil {
			return nil, err
		}
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes: no tokenizer.json is as long", path, info.Size())
	}
	return os.ReadFile(path)
}

// Name is the name of the encoding, or that of the file without its folder.
func (t *Tokenizer) Name() string { return t.name }

// Count returns the number of tokens of a text.
func (t *Tokenizer) Count(text string) int { return t.count(text, start) }

// Encode returns the tokens of a text.
func (t *Tokenizer) Encode(text string) []int {
	var ids []int
	t.each(text, start, func(id int32) { ids = append(ids, int(id)) })
	return ids
}

func (t *Tokenizer) count(text string, at place) (tokens int) {
	t.each(text, at, func(int32) { tokens++ })
	return tokens
}

// each calls yield with the tokens of a text that stands at a place.
func (t *Tokenizer) each(text string, at place, yield func(id int32)) {
	for text != "" {
		end, token := t.nextAdded(text)
		t.plain(text[:end], at, yield)
		if token != "" {
			yield(t.ids[token])
		}
		text = text[end+len(token):]
		at = section
	}
}

// nextAdded finds the first added token in a text; at is the text's length if
// there is none.
func (t *Tokenizer) nextAdded(text string) (at int, token string) {
	if len(t.added) == 0 {
		return len(text), ""
	}
	for at := range len(text) {
		for _, token := range t.added[text[at]] {
			if strings.HasPrefix(text[at:], token) {
				return at, token
			}
		}
	}
	return len(text), ""
}

// plain takes a text without added tokens.
func (t *Tokenizer) plain(text string, at place, yield func(id int32)) {
	if text == "" {
		return
	}
	for _, normalize := range t.normalize {
		text = normalize(text, at)
	}
	pieces := []string{text}
	for _, step := range t.steps {
		pieces = step(pieces, at)
	}
	var room [few]part
	for _, piece := range pieces {
		if id, ok := t.vocabulary[piece]; ok && t.whole {
			yield(id)
			continue
		}
		parts := room[:0]
		if t.runes {
			parts = t.characters(parts, piece)
		} else {
			for i := range len(piece) {
				id, ok := t.vocabulary[piece[i:i+1]]
				if !ok {
					id = -1
				}
				parts = append(parts, part{int32(i), int32(i + 1), id})
			}
		}
		for _, p := range mergeAll(piece, parts, t.by) {
			if p.id >= 0 {
				yield(p.id)
			}
		}
	}
}

// characters cuts a piece into its characters, and those that are no token into
// bytes, if there are tokens for them.
func (t *Tokenizer) characters(parts []part, piece string) []part {
	for i, r := range piece {
		n := utf8.RuneLen(r)
		if n < 0 || r == utf8.RuneError && !strings.HasPrefix(piece[i:], "\uFFFD") {
			n = 1
		}
		from, to := int32(i), int32(i+n)
		if id, ok := t.vocabulary[piece[from:to]]; ok {
			parts = append(parts, part{from, to, id})
			continue
		}
		all := true
		for k := from; k < to; k++ {
			all = all && t.bytesOf[piece[k]] != 0
		}
		if all {
			for k := from; k < to; k++ {
				parts = append(parts, part{k, k + 1, t.bytesOf[piece[k]]})
			}
			continue
		}
		if last := len(parts) - 1; t.fuse && last >= 0 && parts[last].id == t.unknown && parts[last].to == from {
			parts[last].to = to
			continue
		}
		parts = append(parts, part{from, to, t.unknown})
	}
	return parts
}
