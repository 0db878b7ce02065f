package plot

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Format is a kind of file, named by its ending.
type Format string

const (
	PNG Format = "png"
	SVG Format = "svg"
	PDF Format = "pdf"
)

// Formats lists every format.
func Formats() []Format { return []Format{PNG, SVG, PDF} }

// ParseFormats reads a comma list of formats.
func ParseFormats(list string) ([]Format, error) {
	var out []Format
	for name := range strings.SplitSeq(list, ",") {
		f := Format(name)
		if !slices.Contains(Formats(), f) {
			return nil, fmt.Errorf("format %q: must be one of %v", name, Formats())
		}
		out = append(out, f)
	}
	return out, nil
}

// Write draws the figure into dir as name.png, name.svg and so on, each under its name
// only when complete, and gives their paths.
func (f Figure) Write(dir, name string, formats ...Format) ([]string, error) {
	var paths []string
	for _, format := range formats {
		path := filepath.Join(dir, name+"."+string(format))
		if err := f.WriteFile(path, format); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// WriteFile draws the figure into one file.
func (f Figure) WriteFile(path string, format Format) error {
	return save(path, func(w io.Writer) error { return f.Encode(w, format) })
}

// Encode writes the figure: a PNG is pixels, an SVG and a PDF are lines and text. The same
// data give the same bytes.
func (f Figure) Encode(w io.Writer, format Format) error {
	width, height := f.size()
	switch format {
	case PNG:
		canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(f.look.dpi))
		f.draw(draw.New(canvas))
		// Most is of one colour: to look for more than repeats takes long and saves little.
		encoder := png.Encoder{CompressionLevel: png.BestSpeed}
		return encoder.Encode(w, canvas.Image())
	case SVG:
		canvas := vgsvg.New(width, height)
		f.draw(draw.New(canvas))
		var b bytes.Buffer
		if _, err := canvas.WriteTo(&b); err != nil {
			return err
		}
		_, err := strings.NewReplacer(
			// Fonts to take where the one that the text was measured with is not installed:
			// Arial has the same widths.
			"font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;",
			// Images are PNGs, whatever gonum calls them.
			"data:image/jpg;base64,", "data:image/png;base64,").WriteString(w, b.String())
		return err
	case PDF:
		return f.pdf(w)
	}
	return fmt.Errorf("format %q: must be one of %v", format, Formats())
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
