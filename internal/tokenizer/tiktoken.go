package tokenizer

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/pkoukk/tiktoken-go-loader/assets"
)

// Patterns that cut a text into pieces, as tiktoken publishes them.
const (
	gpt2Pattern   = `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	cl100kPattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	o200kPattern  = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?` +
		`|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// encoding is a line of the table of tiktoken's encodings.
type encoding struct{ name, pattern string }

func encodings() []encoding {
	return []encoding{
		{"cl100k_base", cl100kPattern},
		{"o200k_base", o200kPattern},
		{"p50k_base", gpt2Pattern},
		{"r50k_base", gpt2Pattern},
	}
}

// openEncoding reads an encoding that is part of the program.
func openEncoding(e encoding) (*Tokenizer, error) {
	data, err := assets.Assets.ReadFile(e.name + ".tiktoken")
	if err != nil {
		return nil, err
	}
	vocabulary := make(byteRanks, bytes.Count(data, []byte("\n")))
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		token, rank, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		raw, err := base64.StdEncoding.DecodeString(string(token))
		if err != nil {
			return nil, fmt.Errorf("ranks of %s: %w", e.name, err)
		}
		id, err := strconv.ParseInt(string(rank), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("ranks of %s: %w", e.name, err)
		}
		vocabulary[string(raw)] = int32(id)
	}
	cut, err := splitBy(e.pattern, isolated)
	if err != nil {
		return nil, err
	}
	return &Tokenizer{name: e.name, steps: []step{cut}, vocabulary: vocabulary, whole: true, by: vocabulary}, nil
}
