package term

import "github.com/urfave/cli/v2"

// TextsFlag is a repeatable flag that, unlike cli.StringSlice, splits nothing at
// commas.
func TextsFlag(name, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Value: &texts{}, Usage: usage}
}

// Texts gives the values of a TextsFlag in their order.
func Texts(c *cli.Context, name string) []string {
	if t, ok := c.Generic(name).(*texts); ok {
		return *t
	}
	return nil
}

type texts []string

func (t *texts) Set(value string) error {
	*t = append(*t, value)
	return nil
}

func (t *texts) String() string { return "" }

// Values are for CommandLine.
func (t *texts) Values() []string { return *t }
