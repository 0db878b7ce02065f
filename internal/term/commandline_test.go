package term

import (
	"testing"

	"github.com/urfave/cli/v2"
)

func TestCommandLine(t *testing.T) {
	var got, some string
	app := &cli.App{Name: "metron", Commands: []*cli.Command{{
		Name: "ask",
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "deadline"}, &cli.BoolFlag{Name: "steady"}, &cli.BoolFlag{Name: "color", Value: true},
			&cli.StringSliceFlag{Name: "by"}, TextsFlag("where", ""), SecretTextsFlag("to", "", RedactURL), &cli.IntFlag{Name: "unset", Value: 5},
		},
		Action: func(c *cli.Context) error {
			got, some = CommandLine(c), FlagLine(c, []string{"where", "unset", "steady"})
			return nil
		},
	}}}
	args := []string{"metron", "ask", "--where", "model=o'neil $x", "--where", "tenant=a,b", "--to", "http://me:pw@h?key=k", "--by", "a,b", "--deadline", "25ms", "--steady", "--color=false", "--", "it's a run.parquet", "-b.parquet"}
	if err := app.Run(args); err != nil {
		t.Fatal(err)
	}
	want := `metron ask 'it'\''s a run.parquet' ./-b.parquet --deadline 25ms --steady --color=false --by a --by b --where 'model=o'\''neil $x' --where tenant=a,b --to 'http://[user]@h?...'`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if want := `--steady --where 'model=o'\''neil $x' --where tenant=a,b`; some != want {
		t.Errorf("got  %s\nwant %s", some, want)
	}
}
