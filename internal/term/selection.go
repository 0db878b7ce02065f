package term

import "github.com/urfave/cli/v2"

// SelectionFlags are --where, which may be repeated, --from and --to: what
// selects rows by conditions and a window of time.
func SelectionFlags() []cli.Flag {
	return []cli.Flag{
		TextsFlag("where", "only rows that meet these `CONDITIONS`, such as 'outcome=ok,model=llama*' (repeatable)"),
		&cli.StringFlag{Name: "from", Usage: "begin at this `MOMENT`: an offset such as 90s, or a time such as 2026-11-24T10:00:00Z"},
		&cli.StringFlag{Name: "to", Usage: "end before this `MOMENT`"},
	}
}

// Selection gives the values of SelectionFlags, as schema.ParseSelection takes them.
func Selection(c *cli.Context) (where []string, from, to string) {
	return Texts(c, "where"), c.String("from"), c.String("to")
}
