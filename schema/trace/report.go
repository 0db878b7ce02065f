package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"metron/internal/term"
	"metron/schema"
)

// Counts says what became of the rows that were read.
type Counts struct {
	Read       int64 `json:"read"`
	Filtered   int64 `json:"filtered"`    // left out by the window or a condition
	SampledOut int64 `json:"sampled_out"` // left out by the sample
	Repeated   int64 `json:"repeated"`    // stood in another file, too
	Renamed    int64 `json:"renamed"`     // took a new record_id, as another row has theirs
	Kept       int64 `json:"kept"`
}

func (c Counts) footer() map[string]int64 {
	return map[string]int64{"read": c.Read, "filtered": c.Filtered, "sampled_out": c.SampledOut, "repeated": c.Repeated,
		"renamed": c.Renamed, "kept": c.Kept}
}

// Report is what a verb did.
type Report struct {
	Counts
	Replaced int64            `json:"replaced"`          // kept rows whose record_id came again in their file: the last one is there
	Removed  map[string]int64 `json:"removed,omitempty"` // anonymize: rows that lost their value, by column
	First    time.Time        `json:"first"`             // start_time of the first row
	Last     time.Time        `json:"last"`
	Out      string           `json:"out"`
	OutBytes int64            `json:"out_bytes"`
	Warnings []string         `json:"warnings"`
}

// measure adds what the file that was written says.
func (r *Report) measure() error {
	f, err := schema.Open(r.Out)
	if err != nil {
		return err
	}
	r.OutBytes, r.Replaced = f.Size(), r.Kept-f.NumRows()
	return f.Close()
}

// WriteText prints the report for a person.
func (r *Report) WriteText(w io.Writer) error {
	var f term.Fields
	some := func(name string, n int64, what string) {
		if n > 0 {
			f.Line(name, "%s %s", term.Plural(n, "row", "rows"), what)
		}
	}
	f.Line("kept", "%s of %s", term.Count(r.Kept-r.Replaced), term.Plural(r.Read, "row", "rows"))
	some("filtered", r.Filtered, "are outside the window or do not meet the conditions")
	some("sampled out", r.SampledOut, "")
	some("repeated", r.Repeated, "stand in another file, too: kept once")
	some("renamed", r.Renamed, "have a new record_id, as a row of another file has theirs")
	some("replaced", r.Replaced, "have a record_id that comes again in their file: the last one is kept")
	var removed []string
	for _, column := range slices.Sorted(maps.Keys(r.Removed)) {
		removed = append(removed, fmt.Sprintf("%s (%s)", column, term.Count(r.Removed[column])))
	}
	f.Line("removed", "%s", strings.Join(removed, ", "))
	f.Line("span", "%s from %s", term.Seconds(r.Last.Sub(r.First).Seconds()), r.First.Format(time.RFC3339Nano))
	f.Line("written", "%s, %s", r.Out, term.Bytes(r.OutBytes))
	if _, err := f.WriteTo(w); err != nil {
		return err
	}
	for _, warning := range r.Warnings {
		if _, err := fmt.Fprintf(w, "! %s\n", warning); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON prints the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
