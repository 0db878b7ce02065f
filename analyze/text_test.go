package analyze

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"metron/internal/term"
)

// TestTextFitsTheScreen: a narrow terminal gets fewer columns and says which, no line
// but one of a single word is wider than it, and colours change no word.
func TestTextFitsTheScreen(t *testing.T) {
	slo, err := ParseSLO("ttft<=1us")
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range [][]string{nil, {"model"}} {
		result := analyze(t, Config{By: by, SLOs: []SLO{slo}}, traffic(200, 30, 1)...)
		result.Files[0].Path = "run.parquet"
		plain := result.text(term.Screen{Width: textWidth})
		colours := regexp.MustCompile("\x1b\\[[0-9]+m")
		painted := result.text(term.Screen{Width: textWidth, Paint: true})
		if !strings.Contains(painted, "\x1b[31mFAILS\x1b[0m") || colours.ReplaceAllString(painted, "") != plain {
			t.Errorf("painted:\n%s", painted)
		}
		for _, width := range []int{60, 80, 100} {
			text := result.text(term.Screen{Width: width})
			for line := range strings.SplitSeq(text, "\n") {
				if n := len([]rune(line)); n > width {
					t.Errorf("%d columns: %d in %q", width, n, line)
				}
			}
			if width < 100 && !strings.Contains(text, "p75, p95") || !strings.Contains(text, "a wider terminal shows them") {
				t.Errorf("%d columns:\n%s", width, text)
			}
		}
	}
}

func TestDistribution(t *testing.T) {
	of := func(pairs ...float64) func(func(float64, int64) bool) {
		return func(yield func(float64, int64) bool) {
			for pair := range slices.Chunk(pairs, 2) {
				if !yield(pair[0], int64(pair[1])) {
					return
				}
			}
		}
	}
	for _, c := range []struct {
		pairs []float64
		want  string
	}{
		{nil, ""},
		{[]float64{0, 3}, ""},
		{[]float64{0.5, 9}, ""}, // one value is no distribution
		{[]float64{0.001, 4, 0.01, 8, 0.1, 1, 1, 2}, "1.00 ms ▄█▁▂ 1.00 s, log axis"},
		{[]float64{0, 5, 0.001, 4, 1, 1}, "1.00 ms █··▂ 1.00 s, log axis; 50.00 % are 0"},
	} {
		if got := distribution(of(c.pairs...), 4); got != c.want {
			t.Errorf("%v: %q, want %q", c.pairs, got, c.want)
		}
	}
}

func TestBars(t *testing.T) {
	one := new(1.0)
	if bars, each := folded([]*float64{one, nil, one, one, new(3.0)}, 3); each != 2 || !slices.Equal(bars, []float64{0.5, 1, 3}) {
		t.Error(bars, each)
	}
	if bars, length := perBar([]int64{10, 10, 19, 50, 110}, 10); length != 11 || !slices.Equal(bars, []float64{3, 0, 0, 1, 0, 0, 0, 0, 0, 1}) {
		t.Error(bars, length)
	}
	if bars, _ := perBar([]int64{5, 6}, 10); bars != nil {
		t.Error(bars)
	}
}
