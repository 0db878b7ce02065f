package term

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPaints(t *testing.T) {
	for _, c := range []struct {
		noColor, term string
		want          Paint
	}{{"", "xterm-256color", true}, {"", "", true}, {"1", "xterm", false}, {"", "dumb", false}} {
		env := map[string]string{"NO_COLOR": c.noColor, "TERM": c.term}
		if got := paints(func(name string) string { return env[name] }); got != c.want {
			t.Errorf("%v: %v", env, got)
		}
	}
	if got := Paint(false).Bad("late") + Paint(true).Bad("late") + Paint(true).Good(""); got != "late\x1b[31mlate\x1b[0m" {
		t.Errorf("%q", got)
	}
	if s := ScreenOf(&strings.Builder{}, 70); s.Width != 70 || s.Paint {
		t.Errorf("what is no terminal has %+v", s)
	}
}

// TestPaintTakesNoRoom: what is painted aligns and wraps as what is not.
func TestPaintTakesNoRoom(t *testing.T) {
	show := func(p Paint) string {
		var table Table
		table.Row(p.Head("name"), p.Head("p50"))
		table.Row("TTFT", p.Bad("1.00 s"))
		var b strings.Builder
		table.WriteTo(&b)
		return b.String() + Wrap(p.Doubt("!")+" one two "+p.Bad("three")+" four", 12, 2)
	}
	plain := show(false)
	if got := unpainted(show(true)); got != plain {
		t.Errorf("painted\n%s\nplain\n%s", got, plain)
	}
	if want := "name     p50\nTTFT  1.00 s\n! one two\n  three four\n"; plain != want {
		t.Errorf("got\n%s\nwant\n%s", plain, want)
	}
}

// TestWrap: no word is lost or cut, and a line is too wide only where one word is.
func TestWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-zµ…]{1,12}`), 1, 20).Draw(t, "words")
		width, indent := rapid.IntRange(1, 30).Draw(t, "width"), rapid.IntRange(0, 6).Draw(t, "indent")
		got := Wrap(strings.Join(words, " "), width, indent)
		if strings.Join(strings.Fields(got), " ") != strings.Join(words, " ") {
			t.Fatalf("words changed: %q", got)
		}
		for _, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
			if columns(line) > width && strings.Contains(strings.TrimSpace(line), " ") && strings.IndexByte(strings.TrimLeft(line, " "), ' ') > indent {
				t.Fatalf("%q is wider than %d", line, width)
			}
		}
	})
}

func TestNarrow(t *testing.T) {
	for _, c := range []struct {
		width       int
		taken, want string
	}{
		{80, "", "      mean  p50  p99\nTTFT     1    2    3\n"},
		{18, "mean", "      p50  p99\nTTFT    2    3\n"},
		{1, "mean,p50", "      p99\nTTFT    3\n"},
	} {
		var table Table
		table.Row("", "mean", "p50", "p99")
		table.Row("TTFT", "1", "2", "3")
		taken := strings.Join(table.Narrow(c.width, 1, 2), ",")
		var b strings.Builder
		table.WriteTo(&b)
		if taken != c.taken || b.String() != c.want {
			t.Errorf("%d columns: took %q, left\n%s", c.width, taken, b.String())
		}
	}
}

func TestSparkline(t *testing.T) {
	for want, values := range map[string][]float64{"": nil, "··": {0, 0}, "·▁▄█": {0, 0.001, 4, 8}, "█": {1e-9}} {
		if got := Sparkline(values); got != want {
			t.Errorf("%v is %s, want %s", values, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	if got := Plural(1, "row is", "rows are") + ", " + Plural(0, "row", "rows") + ", " + Plural(1200, "row", "rows"); got != "1 row is, 0 rows, 1,200 rows" {
		t.Error(got)
	}
}
