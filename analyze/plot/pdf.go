package plot

import (
	"bytes"
	"image/color"
	"io"
	"regexp"

	xfont "golang.org/x/image/font"
	"golang.org/x/text/encoding/charmap"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgpdf"
)

// pdf writes the figure as a PDF.
func (f Figure) pdf(w io.Writer) error {
	canvas := pdfCanvas{vgpdf.New(f.size())}
	f.draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	// The hour of the drawing says nothing of the data, which give the same bytes without it.
	dates := regexp.MustCompile(`/(CreationDate|ModDate) \(D:\d{14}`)
	_, err := w.Write(dates.ReplaceAll(b.Bytes(), []byte("/$1 (D:20000101000000")))
	return err
}

// pdfCanvas is gonum's, put right: that one takes text as Windows-1252 where every other canvas
// takes UTF-8, embeds but one of several fonts, and takes the colours of a translucent
// area for those of an opaque one.
type pdfCanvas struct{ *vgpdf.Canvas }

// FillString implements vg.Canvas. What is bold elsewhere is not here.
func (c pdfCanvas) FillString(f font.Face, at vg.Point, s string) {
	if f.Font.Weight == xfont.WeightBold {
		f.Font.Weight = xfont.WeightNormal
		f = font.DefaultCache.Lookup(f.Font, f.Font.Size)
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

// SetColor implements vg.Canvas.
func (c pdfCanvas) SetColor(clr color.Color) { c.Canvas.SetColor(straight{clr}) }

// straight is a colour whose red, green and blue are not multiplied by its alpha.
type straight struct{ color.Color }

// RGBA implements color.Color.
func (s straight) RGBA() (r, g, b, a uint32) {
	c := color.NRGBA64Model.Convert(s.Color).(color.NRGBA64)
	return uint32(c.R), uint32(c.G), uint32(c.B), uint32(c.A)
}
