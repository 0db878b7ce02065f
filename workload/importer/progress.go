package importer

import (
	"fmt"

	"metron/internal/term"
)

// Progress is the live line: rows and the share of the source read.
func (m *Import) Progress() string {
	in := m.in.Load()
	if in == nil {
		return "opening"
	}
	rows, read := term.Count(m.live.Load()), term.Bytes(in.read.Load())
	of := ""
	if len(m.Paths) > 1 {
		of = fmt.Sprintf(" of file %d of %d", in.number+1, len(m.Paths))
	}
	switch {
	case m.sealed.Load():
		return fmt.Sprintf("writing the last of %s rows", rows)
	case in.size > 0:
		return fmt.Sprintf("read %s rows, %s of %s%s", rows, read, term.Bytes(in.size), of)
	}
	return fmt.Sprintf("read %s rows, %s%s", rows, read, of)
}
