package exchange

import (
	"github.com/urfave/cli/v2"

	"metron/internal/tokenizer"
	"metron/internal/wire"
)

// TokenizerFlag is --tokenizer, the same for whatever watches answers.
func TokenizerFlag() cli.Flag {
	return &cli.StringFlag{Name: "tokenizer", DefaultText: "their tokens stay unknown",
		Usage: "count the text of answers whose tokens the server does not tell: `NAME|FILE` is cl100k_base, o200k_base, p50k_base, r50k_base, or a tokenizer.json"}
}

// Tokenizer reads it; nil: none was asked for.
func Tokenizer(c *cli.Context) (*tokenizer.Tokenizer, error) {
	if c.String("tokenizer") == "" {
		return nil, nil
	}
	return tokenizer.Open(c.String("tokenizer"))
}

// Counters is the tokenizer's name, and what gives a counter for an answer; nil if
// none was asked for.
func Counters(c *cli.Context) (name string, countBy func() wire.Counter, err error) {
	t, err := Tokenizer(c)
	if err != nil || t == nil {
		return "", nil, err
	}
	return t.Name(), func() wire.Counter { return t.Stream() }, nil
}
