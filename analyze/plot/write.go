package plot

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is what is drawn: a title line, what the numbers are of, and a body.
type Figure struct {
	title, subtitle string
	body            func(draw.Canvas)
}

// Write draws the figure into dir as name.png and name.svg, each under its name
// only when complete.
func (f Figure) Write(dir, name string) error {
	if err := save(filepath.Join(dir, name+".png"), f.PNG); err != nil {
		return err
	}
	return save(filepath.Join(dir, name+".svg"), f.SVG)
}

// PNG writes the figure as pixels.
func (f Figure) PNG(w io.Writer) error {
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
	f.draw(draw.New(canvas))
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// SVG writes the figure as lines and text.
func (f Figure) SVG(w io.Writer) error {
	canvas := vgsvg.New(width, height)
	f.draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	// Fonts to take where the one that the text was measured with is not installed:
	// Arial has the same widths.
	_, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")))
	return err
}

func (f Figure) draw(c draw.Canvas) {
	c.SetColor(white())
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	title, subtitle := bold(textStyle(titleSize, ink())), textStyle(textSize, grey())
	y := c.Max.Y - titleSize
	c.FillText(title, vg.Point{X: c.Min.X, Y: y}, f.title)
	y -= 0.2 * textSize
	for _, line := range lines(f.subtitle, subtitle, c.Max.X-c.Min.X) {
		y -= 1.3 * textSize
		c.FillText(subtitle, vg.Point{X: c.Min.X, Y: y}, line)
	}
	c.Max.Y = y - textSize
	f.body(c)
}

// lines breaks a text between its parts, "; ", where it is wider than the figure.
func lines(s string, style text.Style, width vg.Length) []string {
	var out []string
	for part := range strings.SplitSeq(s, "; ") {
		if last := len(out) - 1; last >= 0 && style.Width(out[last]+"; "+part) <= width {
			out[last] += "; " + part
			continue
		}
		out = append(out, part)
	}
	return out
}

// nothing is the body of a figure without data.
func nothing(why string) func(draw.Canvas) {
	return func(c draw.Canvas) {
		c.FillText(textStyle(textSize, grey()), vg.Point{X: c.Min.X, Y: c.Center().Y}, why)
	}
}

// save writes a file under a temporary name and renames it.
func save(path string, content func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write plot %q: %w", path, err)
	}
	err = content(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write plot %q: %w", path, err)
	}
	return nil
}
