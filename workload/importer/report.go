package importer

import (
	"encoding/json"
	"io"
	"time"

	"metron/internal/term"
	"metron/schema/inspect"
)

// Report is what an import read and wrote.
type Report struct {
	Format       string `json:"format"`
	Source       string `json:"source"`
	SourceBytes  int64  `json:"source_bytes"`
	SourceDigest string `json:"source_sha256"`

	Counts
	Replaced         int64  `json:"replaced"` // rows whose record_id came again: the last one is kept
	ZeroLengthPolicy string `json:"zero_length_policy"`

	Rows int64 `json:"rows"` // in the trace
	inspect.Arrivals
	InputTokens  inspect.Lengths `json:"input_tokens"`
	OutputTokens inspect.Lengths `json:"output_tokens"`

	Out      string `json:"out"`
	OutBytes int64  `json:"out_bytes"`
}

// WriteText prints the report for a person.
func (r *Report) WriteText(w io.Writer) error {
	var f term.Fields
	line := f.Line
	line("imported", "%s rows of %s (%s)", term.Count(r.Rows), r.Source, r.Format)
	line("span", "%s from %s", r.Span(), r.First.Format(time.RFC3339Nano))
	if r.RatePerS != nil {
		line("mean rate", "%s requests/s", term.Number(*r.RatePerS))
	}
	line("arrivals", "%s distinct, %s ties, %s inversions", term.Count(r.Distinct), term.Count(r.Ties), term.Count(r.Inversions))
	line("input tokens", "%v", r.InputTokens)
	line("output tokens", "%v", r.OutputTokens)
	line("zero lengths", "%s", r.zeroLengths())
	bad := term.Count(r.Bad)
	if r.FirstBad != "" {
		bad += " skipped, the first: " + r.FirstBad
	}
	line("bad rows", "%s", bad)
	if r.SubMicrosecond > 0 {
		line("cut times", "%s had digits below a microsecond", term.Count(r.SubMicrosecond))
	}
	if r.Replaced > 0 {
		line("replaced", "%s rows, whose record_id came again later", term.Count(r.Replaced))
	}
	line("written", "%s, %s", r.Out, term.Bytes(r.OutBytes))
	_, err := f.WriteTo(w)
	return err
}

func (r *Report) zeroLengths() string {
	n := term.Count(r.ZeroLength)
	switch {
	case r.ZeroLength == 0:
		return n
	case r.ZeroLengthPolicy == DropZero:
		return n + " rows, dropped"
	case r.ZeroLengthPolicy == FloorZero:
		return n + " rows, raised to one token"
	}
	return n + " rows, kept"
}

// WriteJSON prints the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
