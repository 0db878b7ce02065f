package inspect

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"metron/internal/term"
)

// shownFindings is how many findings of one rule a report lists; the rest are counted.
const shownFindings = 20

// Report is what verifying a file found.
type Report struct {
	File          string           `json:"file"`
	Journal       bool             `json:"journal"`
	Bytes         int64            `json:"bytes"`
	Digest        string           `json:"sha256,omitempty"`
	Rows          int64            `json:"rows"` // that were checked
	RowGroups     int              `json:"row_groups"`
	Chunks        int64            `json:"chunks"`
	Problems      []Finding        `json:"problems"` // at most 20 of a rule
	ProblemCounts map[string]int64 `json:"problem_counts"`
	Notes         []Note           `json:"notes"`
}

// Finding is something that a rule forbids or finds odd.
type Finding struct {
	Rule     string `json:"rule"`
	Row      *int64 `json:"row"` // from 0; of a row group its first one; null: the whole file
	RecordID string `json:"record_id,omitempty"`
	Column   string `json:"column"` // or key of the footer
	Is       string `json:"is"`
	Want     string `json:"want"`
}

// Note is a finding that is no problem, such as usage that a server counted
// otherwise than it streamed: the first one, and how many there are.
type Note struct {
	Finding
	Count int64 `json:"count"`
}

// ProblemCount is the number of problems, those that are not listed included.
func (r *Report) ProblemCount() (n int64) {
	for _, count := range r.ProblemCounts {
		n += count
	}
	return n
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
