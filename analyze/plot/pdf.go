package plot

import (
	xfont "golang.org/x/image/font"
	"golang.org/x/text/encoding/charmap"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgpdf"
)

// pdfCanvas is gonum's, whose text is made good: it takes bytes of Windows-1252 where
// every other canvas takes UTF-8, and does not find the bold font that it embedded.
type pdfCanvas struct{ *vgpdf.Canvas }

// FillString implements vg.Canvas.
func (c pdfCanvas) FillString(f font.Face, at vg.Point, s string) {
	if f.Font.Weight == xfont.WeightBold {
		f.Font.Typeface += "Bold" // a name of its own
		f.Font.Weight = xfont.WeightNormal
	}
	text := make([]byte, 0, len(s))
	for _, r := range s {
		b, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			b = '?'
		}
		text = append(text, b)
	}
	c.Canvas.FillString(f, at, string(text))
}
