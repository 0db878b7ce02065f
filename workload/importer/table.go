package importer

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"metron/internal/term"
)

// table reads a CSV whose columns are found by the names in its header.
type table struct {
	in     *input
	fields [][]byte // of the row at hand
	width  int      // columns of the header
}

// tableColumn is a column that a format reads, and where its index goes: -1
// where the header does not have it.
type tableColumn struct {
	name  string
	index *int
	must  bool
}

// openTable reads the header; begins says what one of the format looks like.
func openTable(in *input, begins string, columns ...tableColumn) (*table, error) {
	header, err := in.line()
	if err == io.EOF {
		return nil, in.errorf("it has no header line; fetch it again")
	} else if err != nil {
		return nil, in.errorf("read the header: %w", err)
	}
	names, err := splitCSV(nil, header)
	if err != nil {
		return nil, in.errorf("line 1: %w", err)
	}
	for _, c := range columns {
		*c.index = -1
		for i, name := range names {
			if strings.EqualFold(string(bytes.TrimSpace(name)), c.name) {
				*c.index = i
			}
		}
		if *c.index < 0 && c.must {
			return nil, term.WithHint(in.errorf("line 1: the header %s has no column %s", quote(header), c.name),
				"%s; `metron import auto` tells what a file is", begins)
		}
	}
	return &table{in: in, width: len(names)}, nil
}

// next reads a row into fields, and returns its line.
func (t *table) next() ([]byte, error) {
	line, err := t.in.row()
	if err != nil {
		return nil, err
	}
	if t.fields, err = splitCSV(t.fields[:0], line); err == nil && len(t.fields) != t.width {
		err = fmt.Errorf("%s has %d columns, the header %d", quote(line), len(t.fields), t.width)
	}
	if err != nil {
		return nil, t.in.bad(err)
	}
	return line, nil
}

// count reads a whole number that is not negative.
func count(name string, text []byte) (int64, error) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s %s is not a whole number", name, quote(text))
	case n < 0:
		return 0, fmt.Errorf("%s %d is negative", name, n)
	}
	return n, nil
}

// splitCSV appends the fields of one line to fields. They share its memory
// unless it has quotes.
func splitCSV(fields [][]byte, line []byte) ([][]byte, error) {
	if bytes.IndexByte(line, '"') >= 0 {
		texts, err := csv.NewReader(bytes.NewReader(line)).Read()
		if err != nil {
			return nil, fmt.Errorf("%s is not a line of CSV: %w", quote(line), err)
		}
		for _, text := range texts {
			fields = append(fields, []byte(text))
		}
		return fields, nil
	}
	for {
		field, rest, more := bytes.Cut(line, []byte{','})
		fields = append(fields, field)
		if !more {
			return fields, nil
		}
		line = rest
	}
}

// quote is what a source said, short enough for a message of one line.
func quote(text []byte) string {
	const most = 80
	if len(text) > most {
		return strconv.Quote(string(text[:most])) + "..."
	}
	return strconv.Quote(string(text))
}
