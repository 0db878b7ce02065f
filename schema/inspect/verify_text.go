package inspect

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"metron/internal/term"
)

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// WriteText prints the report for a person.
func (r *Report) WriteText(w io.Writer) error {
	if _, err := fmt.Fprintln(w, r.File); err != nil {
		return err
	}
	var f term.Fields
	if r.Digest != "" {
		f.Line("sha256", "%s", r.Digest)
		where := "a journal"
		if !r.Journal {
			where = plural(int64(r.RowGroups), "row group")
		}
		f.Line("checked", "%s in %s, %s, %s", plural(r.Rows, "row"), where, plural(r.Chunks, "chunk"), term.Bytes(r.Bytes))
	}
	n := r.ProblemCount()
	if n == 0 {
		f.Line("problems", "none")
	} else {
		f.Line("problems", "%s", term.Count(n))
	}
	for _, rule := range slices.Sorted(maps.Keys(r.ProblemCounts)) {
		shown := int64(0)
		for _, p := range r.Problems {
			if p.Rule == rule {
				f.Line("  "+rule, "%s%s; want %s", p.where(), p.Is, p.Want)
				shown++
			}
		}
		if more := r.ProblemCounts[rule] - shown; more > 0 {
			f.Line("  "+rule, "and %s more", term.Count(more))
		}
	}
	for _, note := range r.Notes {
		count := ""
		if note.Row != nil {
			count = plural(note.Count, "row") + ", the first: "
		}
		f.Line("note "+note.Rule, "%s%s%s", count, note.where(), note.Is)
	}
	_, err := f.WriteTo(w)
	return err
}

// where names the row of a finding.
func (f Finding) where() string {
	switch {
	case f.Row == nil:
		return ""
	case f.RecordID == "":
		return fmt.Sprintf("row %d: ", *f.Row)
	}
	return fmt.Sprintf("row %d (%s): ", *f.Row, f.RecordID)
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return term.Count(n) + " " + noun + "s"
}

// WriteJSON prints the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
