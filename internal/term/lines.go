package term

import (
	"strings"
	"unicode/utf8"
)

// columns is how wide a text is shown: colours take no room.
func columns(text string) int { return utf8.RuneCountInString(unpainted(text)) }

// unpainted is a text without its colours.
func unpainted(text string) string {
	before, rest, found := strings.Cut(text, "\x1b[")
	if !found {
		return text
	}
	if _, after, ends := strings.Cut(rest, "m"); ends {
		return before + unpainted(after)
	}
	return text
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
