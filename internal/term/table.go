package term

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table is rows of cells, printed with aligned columns: the first to the left,
// the others to the right. The zero value is ready to use.
type Table struct {
	rows [][]string
}

// Row adds a row; rows may differ in length.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// WriteTo prints the table, two spaces between columns.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	var width []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
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

// WriteTo prints the fields.
func (f *Fields) WriteTo(w io.Writer) (int64, error) {
	width := 0
	for _, name := range f.names {
		width = max(width, utf8.RuneCountInString(name))
	}
	var b strings.Builder
	for i, name := range f.names {
		b.WriteString(name + strings.Repeat(" ", width-utf8.RuneCountInString(name)) + "  " + f.values[i] + "\n")
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}
