package term

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestSeconds(t *testing.T) {
	for _, c := range []struct {
		s    float64
		want string
	}{
		{0, "0"}, {1e-6, "1.00 µs"}, {850e-6, "850 µs"}, {999.6e-6, "1.00 ms"}, {0.0123, "12.3 ms"}, {0.9996, "1.00 s"},
		{4.2, "4.20 s"}, {119, "119 s"}, {125, "2 m 05 s"}, {3720, "62 m 00 s"}, {7260, "2 h 01 m"}, {-0.005, "-5.00 ms"},
	} {
		if got := Seconds(c.s); got != c.want {
			t.Errorf("Seconds(%v) = %q, want %q", c.s, got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Number(0), "0"}, {Number(12), "12"}, {Number(0.5), "0.5"}, {Number(1.2345), "1.23"}, {Number(999.4), "999"}, {Number(19366.4), "19,366"}, {Number(0.0000123), "0.0000123"}, {Number(1e-7), "0.0000001"}, {Number(0.03125), "0.0312"}, {Number(0.09996), "0.1"},
		{Count(0), "0"}, {Count(-1234567), "-1,234,567"}, {Count(999), "999"}, {Count(1000), "1,000"},
		{Bytes(1023), "1023 B"}, {Bytes(1536), "1.50 KiB"}, {Bytes(64 << 20), "64.0 MiB"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestTableAligns(t *testing.T) {
	var tab Table
	tab.Row("", "p50", "p99")
	tab.Row("TTFT", "850 µs", "12.3 ms")
	tab.Row("a longer name", "-")
	var b strings.Builder
	if _, err := tab.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	want := "                  p50      p99\n" +
		"TTFT           850 µs  12.3 ms\n" +
		"a longer name       -\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestFieldsLeaveOutTheEmpty(t *testing.T) {
	var f Fields
	f.Line("rows", "%d", 3)
	f.Line("models", "%s", "")
	f.Line("span", "%s", "1 s")
	var b strings.Builder
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if want := "rows  3\nspan  1 s\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestFlagsFirst(t *testing.T) {
	commands := []*cli.Command{
		{Name: "replay", Flags: []cli.Flag{&cli.StringFlag{Name: "speed", Aliases: []string{"s"}}, &cli.BoolFlag{Name: "json"}}},
		{Name: "import", Subcommands: []*cli.Command{{Name: "azure", Flags: []cli.Flag{&cli.StringFlag{Name: "out"}}}}},
	}
	for _, c := range []struct{ in, want string }{
		{"metron", "metron"},
		{"metron replay a.parquet --speed 2", "metron replay --speed 2 a.parquet"},
		{"metron replay a.parquet --json b.parquet -s 3", "metron replay --json -s 3 a.parquet b.parquet"},
		{"metron replay a.parquet --speed=2 -", "metron replay --speed=2 a.parquet -"},
		{"metron replay --json -- --odd", "metron replay --json -- --odd"},
		{"metron replay a.parquet --speed", "metron replay --speed a.parquet"},
		{"metron import azure f.csv --out x", "metron import azure --out x f.csv"},
		{"metron nothing x --speed 2", "metron nothing x --speed 2"},
	} {
		if got := FlagsFirst(commands, strings.Fields(c.in)); !reflect.DeepEqual(got, strings.Fields(c.want)) {
			t.Errorf("%s\n got %v\nwant %s", c.in, got, c.want)
		}
	}
}

func TestSelection(t *testing.T) {
	for _, c := range []struct {
		line     string
		where    []string
		from, to string
	}{
		{"metron", nil, "", ""},
		{"metron --where outcome=ok,api=x --to 9s --where model=m", []string{"outcome=ok,api=x", "model=m"}, "", "9s"},
		{"metron --from 1s", nil, "1s", ""},
	} {
		ran := false
		app := &cli.App{Name: "metron", Flags: SelectionFlags(), Action: func(x *cli.Context) error {
			ran = true
			if where, from, to := Selection(x); !slices.Equal(where, c.where) || from != c.from || to != c.to {
				t.Errorf("%s: %q, %q, %q", c.line, where, from, to)
			}
			return nil
		}}
		if err := app.Run(strings.Fields(c.line)); err != nil || !ran {
			t.Errorf("%s: ran %v, %v", c.line, ran, err)
		}
	}
}

func TestErrors(t *testing.T) {
	base := errors.New("base")
	for _, c := range []struct {
		err  error
		code int
		hint string
	}{
		{nil, ExitOK, ""},
		{base, ExitFailure, ""},
		{Usagef("bad %s: %w", "flag", base), ExitUsage, ""},
		{WithHint(Usagef("bad"), "try %d", 2), ExitUsage, "try 2"},
		{fmt.Errorf("while replaying: %w", WithStatus(WithHint(base, "look"), ExitInvalid)), ExitInvalid, "look"},
	} {
		if code, hint := ExitCode(c.err), Hint(c.err); code != c.code || hint != c.hint {
			t.Errorf("%v: status %d hint %q, want %d %q", c.err, code, hint, c.code, c.hint)
		}
	}
	if !errors.Is(Usagef("x: %w", base), base) {
		t.Error("a usage error hides its cause")
	}
}

func TestRedactURL(t *testing.T) {
	for in, want := range map[string]string{
		"ftp://me:pw@host/x@y": "ftp://[user]@host/x@y", "http://user:p w@h ost": "http://[user]@h ost",
		"127.0.0.1:80": "127.0.0.1:80", "me:pw@host": "[user]@host", "http://h/a": "http://h/a",
		"http://h/a?key=k#x": "http://h/a?...", "http://u:p@h#k@x": "http://[user]@h#...", "h?k": "h?...",
	} {
		if got := RedactURL(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "10B": 10, "2kB": 2000, "512MiB": 512 << 20, "3GB": 3e9, "1TiB": 1 << 40,
		"": 0, "0": 0, "-1MB": 0, "1.5GB": 0, "MiB": 0, "1XB": 0, "99999999TiB": 0} {
		if got, err := ParseBytes(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("ParseBytes(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
}
