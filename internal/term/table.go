package term

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Table is rows of cells, printed with aligned columns: the first to the left,
// the others to the right. The zero value is ready to use.
type Table struct {
	rows [][]string
}

// Row adds a row; rows may differ in length.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Narrow takes columns away, in the order of their numbers given, until the table fits
// or none of them is left. It returns the first row's cells of what it took, without colour.
func (t *Table) Narrow(width int, expendable ...int) []string {
	var taken []string
	gone := map[int]bool{}
	for _, column := range expendable {
		sum := -2
		for i, w := range t.widths() {
			if !gone[i] {
				sum += w + 2
			}
		}
		if sum <= width {
			break
		}
		gone[column] = true
		taken = append(taken, unpainted(t.rows[0][column]))
	}
	for i, row := range t.rows {
		var left []string
		for j, cell := range row {
			if !gone[j] {
				left = append(left, cell)
			}
		}
		t.rows[i] = left
	}
	return taken
}

// widths are those of the columns.
func (t *Table) widths() []int {
	var width []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], columns(cell))
		}
	}
	return width
}

// WriteTo prints the table, two spaces between columns.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	width := t.widths()
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-columns(cell))
			if i == 0 {
				line.WriteString(cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		fmt.Fprintln(&b, strings.TrimRight(line.String(), " "))
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// Fields is a list of names and what they are, printed one a line with the
// values aligned. The zero value is ready to use.
type Fields struct {
	names, values []string
}

// Line adds a field; one whose value comes out empty is left out.
func (f *Fields) Line(name, format string, args ...any) {
	if value := strings.TrimSpace(fmt.Sprintf(format, args...)); value != "" {
		f.names, f.values = append(f.names, name), append(f.values, value)
	}
}

// WriteTo prints the fields; a terminal has long values wrapped to its width.
func (f *Fields) WriteTo(w io.Writer) (int64, error) {
	width := 0
	for _, name := range f.names {
		width = max(width, columns(name))
	}
	screen := ScreenOf(w, math.MaxInt)
	var b strings.Builder
	for i, name := range f.names {
		b.WriteString(Wrap(name+strings.Repeat(" ", width-columns(name))+"  "+f.values[i], screen.Width, width+2))
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}
