package term

import "github.com/urfave/cli/v2"

// TextsFlag is a repeatable flag that, unlike cli.StringSlice, splits nothing at
// commas.
func TextsFlag(name, usage string) cli.Flag {
	return SecretTextsFlag(name, usage, func(value string) string { return value })
}

// SecretTextsFlag is one whose values may hold a secret: shown is what of a value
// CommandLine may give away.
func SecretTextsFlag(name, usage string, shown func(value string) string) cli.Flag {
	return &cli.GenericFlag{Name: name, Value: &texts{shown: shown}, Usage: usage}
}

// Texts gives the values of a TextsFlag in their order.
func Texts(c *cli.Context, name string) []string {
	if t, ok := c.Generic(name).(*texts); ok {
		return t.values
	}
	return nil
}

type texts struct {
	values []string
	shown  func(string) string
}

func (t *texts) Set(value string) error {
	t.values = append(t.values, value)
	return nil
}

func (t *texts) String() string { return "" }

// Values are what CommandLine shows, one for each time the flag is given.
func (t *texts) Values() []string {
	var out []string
	for _, v := range t.values {
		out = append(out, t.shown(v))
	}
	return out
}
