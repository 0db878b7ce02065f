package tokenizer

import (
	"github.com/urfave/cli/v2"

	"metron/internal/wire"
)

// Flag is --tokenizer, the same for whatever watches answers.
func Flag() cli.Flag {
	return &cli.StringFlag{Name: "tokenizer", DefaultText: "their tokens stay unknown",
		Usage: "count the text of answers whose tokens the server does not tell: `NAME|FILE` is cl100k_base, o200k_base, p50k_base, r50k_base, or a tokenizer.json"}
}

// OfFlag opens what the flag names; nil: nothing.
func OfFlag(c *cli.Context) (*Tokenizer, error) {
	if c.String("tokenizer") == "" {
		return nil, nil
	}
	return Open(c.String("tokenizer"))
}

// CountBy gives a counter for each answer; nil: there is no tokenizer.
func (t *Tokenizer) CountBy() func() wire.Counter {
	if t == nil {
		return nil
	}
	return func() wire.Counter { return t.Stream() }
}
