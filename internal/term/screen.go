package term

import (
	"io"
	"os"
)

// Screen is what can be shown where a text goes.
type Screen struct {
	Width int // columns
	Paint
}

// ScreenOf is a terminal's own width and colours; anything else, a pipe or a file,
// has none and so many columns as said, whatever terminal is near.
func ScreenOf(w io.Writer, otherwise int) Screen {
	if !isTerminal(w) {
		return Screen{Width: otherwise}
	}
	return Screen{Width: Width(w), Paint: paints(os.Getenv)}
}

// paints says whether a terminal is to have colours: NO_COLOR and TERM=dumb ask for none.
func paints(env func(string) string) Paint {
	return Paint(env("NO_COLOR") == "" && env("TERM") != "dumb")
}

// Paint colours words where it is true. A colour is never the only sign of anything:
// the same words say the same without it.
type Paint bool

// Head is for what stands above others.
func (p Paint) Head(text string) string { return p.with("1", text) }

// Good is for what went as it should.
func (p Paint) Good(text string) string { return p.with("32", text) }

// Doubt is for what is to be read with care.
func (p Paint) Doubt(text string) string { return p.with("33", text) }

// Bad is for what did not go as it should.
func (p Paint) Bad(text string) string { return p.with("31", text) }

func (p Paint) with(code, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
