package plot

import (
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Figure is what is drawn: a title, what the numbers are of, and a body.
type Figure struct {
	look            look
	title, subtitle string
	tall            float64 // so many times as high as others, in a column; 0: once
	body            func(draw.Canvas)
}

func (f Figure) size() (width, height vg.Length) {
	height = f.look.height
	if f.tall > 0 && f.look.column {
		height *= vg.Length(f.tall)
	}
	return f.look.width, height
}

func (f Figure) draw(c draw.Canvas) {
	l := f.look
	c.SetColor(l.ground)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, l.margin, -l.margin, l.margin, -l.margin)
	y := c.Max.Y + 0.2*l.title
	for _, block := range []struct {
		text  string
		style text.Style
		space vg.Length
	}{{f.title, bold(letters(l.title, l.ink)), 1.2 * l.title}, {f.subtitle, letters(l.small, l.grey), 1.3 * l.small}} {
		for _, line := range lines(block.text, block.style, c.Max.X-c.Min.X) {
			y -= block.space
			c.FillText(block.style, vg.Point{X: c.Min.X, Y: y}, line)
		}
	}
	c.Max.Y = y - 0.9*l.text
	f.body(c)
}

// lines breaks a text where it is wider than the figure: between its parts, "; ", and
// between the words of a part that alone is too wide.
func lines(s string, style text.Style, width vg.Length) []string {
	var out []string
	put := func(piece, glue string) {
		if last := len(out) - 1; last >= 0 && glue != "" && style.Width(out[last]+glue+piece) <= width {
			out[last] += glue + piece
			return
		}
		out = append(out, piece)
	}
	glue := ""
	for part := range strings.SplitSeq(s, "; ") {
		if style.Width(part) <= width {
			put(part, glue)
		} else {
			for word := range strings.SplitSeq(part, " ") {
				put(word, glue)
				glue = " "
			}
		}
		glue = "; "
	}
	return out
}

// nothing is a figure without data, which says why.
func (l look) nothing(title, subtitle, why string) Figure {
	return Figure{look: l, title: title, subtitle: subtitle, body: func(c draw.Canvas) {
		c.FillText(letters(l.text, l.grey), vg.Point{X: c.Min.X, Y: c.Center().Y}, why)
	}}
}
