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
