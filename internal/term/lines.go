package term

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var painted = regexp.MustCompile("\x1b\\[[0-9;]*m")

// columns is how wide a text is shown: colours take no room.
func columns(text string) int {
	if strings.Contains(text, "\x1b") {
		text = painted.ReplaceAllString(text, "")
	}
	return utf8.RuneCountInString(text)
}

// Wrap breaks a line between words where it is wider than so many columns, and indents
// what follows.
func Wrap(line string, width, indent int) string {
	var b strings.Builder
	for columns(line) > width {
		cut := -1
		for i := range line {
			if line[i] != ' ' {
				continue
			}
			if columns(line[:i]) > width && cut > indent {
				break
			}
			if i > indent {
				cut = i
			}
		}
		if cut < 0 {
			break // one long word
		}
		b.WriteString(line[:cut] + "\n")
		line = strings.Repeat(" ", indent) + line[cut+1:]
	}
	return b.String() + line + "\n"
}
