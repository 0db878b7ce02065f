package completion

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestNext(t *testing.T) {
	commands := []*cli.Command{
		{Name: "analyze", Flags: []cli.Flag{&cli.StringFlag{Name: "format", Aliases: []string{"f"}}, &cli.StringFlag{Name: "sections"},
			&cli.BoolFlag{Name: "json"}, &cli.StringFlag{Name: "secret", Hidden: true}, &cli.StringFlag{Name: "out"}}},
		{Name: "trace", Subcommands: []*cli.Command{{Name: "slice", Flags: []cli.Flag{&cli.StringFlag{Name: "out"}}}, {Name: "merge"}, {Name: "split", Flags: []cli.Flag{&cli.StringFlag{Name: "out"}}}}},
		{Name: "hidden", Hidden: true},
	}
	values := []Values{
		{Command: "analyze", Flag: "format", Words: []string{"text", "json", "csv"}},
		{Flag: "sections", Words: []string{"stalls", "tail", "traffic"}, List: true},
		{Command: "trace slice", Flag: "out", Words: []string{"never"}},
		{Command: "trace merge", Words: []string{"left", "right"}},
		{Command: "trace", Flag: "out", Words: []string{"nowhere"}},
	}
	for _, c := range []struct{ line, want string }{
		{"", "analyze trace"},
		{"an", "analyze"},
		{"x", ""},
		{"-", "--help"},
		{"trace ", "slice merge split"},
		{"trace m", "merge"},
		{"trace slice ", ""}, // a file
		{"analyze ", ""},
		{"analyze --", "--format --help --json --out --sections"},
		{"analyze run.parquet --j", "--json"},
		{"analyze --format ", "text json csv"},
		{"analyze -f c", "csv"},
		{"analyze --format json ", ""},
		{"analyze --json ", ""},
		{"analyze --json --format j", "json"},
		{"analyze --format=", "--format=text --format=json --format=csv"},
		{"analyze --format=t", "--format=text"},
		{"analyze --format = ", "text json csv"}, // as bash parts it
		{"analyze --format =", "text json csv"},
		{"analyze --format = c", "csv"},
		{"analyze --sections t", "tail traffic"},
		{"analyze --sections tail,", "tail,stalls tail,traffic"},
		{"analyze --sections=tail,s", "--sections=tail,stalls"},
		{"analyze --out ", ""},
		{"trace slice --out n", "never"},
		{"trace merge l", "left"},
		{"trace merge left ", ""},
		{"trace merge --out n", ""}, // it has none
		{"trace split --out n", "nowhere"},
		{"analyze -- --f", ""},
		{"analyze --out --json --f", "--format"},
	} {
		words := strings.Split(c.line, " ")
		if got := Next(commands, values, words); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%q: %v, want %s", c.line, got, c.want)
		}
	}
	if got := Next(commands, values, nil); len(got) != 2 {
		t.Errorf("no words at all: %v", got)
	}
}
