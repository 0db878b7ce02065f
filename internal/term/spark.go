package term

import (
	"math"
	"strings"
)

// Sparkline draws values in one line, a column each, from 0 to the largest; a dot is
// none, and what is there at all shows.
func Sparkline(values []float64) string {
	levels := []rune("·▁▂▃▄▅▆▇█")
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	var b strings.Builder
	for _, v := range values {
		level := 0
		if v > 0 {
			level = int(math.Ceil(v / most * 8))
		}
		b.WriteRune(levels[level])
	}
	return b.String()
}
