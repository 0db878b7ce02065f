package term

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Width is how many columns a writer has: a terminal its own, anything else 80.
func Width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// Chart is columns of blocks, one a value, none below 0.
type Chart struct {
	Values   []float64
	Height   int    // in lines
	Top      string // what the height of the largest value says
	From, To string // what the ends of the axis say
}

// Margin is how wide the chart is beside its values.
func (c Chart) Margin() int { return utf8.RuneCountInString(c.Top) + 2 }

// String is the chart in lines, an axis beneath.
func (c Chart) String() string {
	blocks := []rune(" ▁▂▃▄▅▆▇█")
	most := 0.0
	for _, v := range c.Values {
		most = max(most, v)
	}
	var b strings.Builder
	margin := strings.Repeat(" ", c.Margin()-2)
	for line := c.Height - 1; line >= 0; line-- {
		label := margin
		if line == c.Height-1 {
			label = c.Top
		}
		var row strings.Builder
		for _, v := range c.Values {
			eighths := 0
			if v > 0 { // what is there at all shows
				eighths = max(1, int(v/most*float64(8*c.Height)+0.5))
			}
			row.WriteRune(blocks[min(max(eighths-8*line, 0), 8)])
		}
		b.WriteString(label + " │" + strings.TrimRight(row.String(), " ") + "\n")
	}
	b.WriteString(margin + " └" + strings.Repeat("─", len(c.Values)) + "\n")
	gap := len(c.Values) - utf8.RuneCountInString(c.From) - utf8.RuneCountInString(c.To)
	b.WriteString(margin + "  " + c.From + strings.Repeat(" ", max(1, gap)) + c.To + "\n")
	return b.String()
}
