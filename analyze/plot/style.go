package plot

import (
	"fmt"
	"slices"
)

// Theme is what a figure is laid on.
type Theme string

const (
	Light Theme = "light" // the default
	Dark  Theme = "dark"
)

// Themes lists every theme, the default first.
func Themes() []Theme { return []Theme{Light, Dark} }

// Size is where a figure is to stand.
type Size string

const (
	Slide  Size = "slide"  // 16:9, the default
	Column Size = "column" // one of the two of a paper's page
)

// Sizes lists every size, the default first.
func Sizes() []Size { return []Size{Slide, Column} }

// Style is how a figure looks. The zero value is the default of each.
type Style struct {
	Theme Theme
	Size  Size
}

// Check says what no figure can look like.
func (s Style) Check() error {
	if s.Theme != "" && !slices.Contains(Themes(), s.Theme) {
		return fmt.Errorf("theme %q: must be one of %v", s.Theme, Themes())
	}
	if s.Size != "" && !slices.Contains(Sizes(), s.Size) {
		return fmt.Errorf("size %q: must be one of %v", s.Size, Sizes())
	}
	return nil
}

// Data is what becomes a figure: a type of this package for each way of drawing.
type Data interface {
	Figure(Style) (Figure, error)
}
