package term

import "github.com/urfave/cli/v2"

// WhereFlag is --where, conditions that select rows; it may be repeated.
func WhereFlag() cli.Flag {
	return &cli.GenericFlag{Name: "where", Value: &texts{}, Usage: "only rows that meet these `CONDITIONS`, such as 'outcome=ok,model=llama*' (repeatable)"}
}

// Where gives the values of WhereFlag.
func Where(c *cli.Context) []string {
	t, _ := c.Generic("where").(*texts)
	if t == nil {
		return nil
	}
	return *t
}

// texts is a repeatable flag that, unlike cli.StringSlice, splits nothing at commas.
type texts []string

func (t *texts) Set(value string) error {
	*t = append(*t, value)
	return nil
}

func (t *texts) String() string { return "" }
