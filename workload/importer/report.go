package importer

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"metron/internal/term"
	"metron/schema/inspect"
)

// Report is what an import read and wrote.
type Report struct {
	Format       string   `json:"format"`
	Detected     string   `json:"detected,omitempty"` // why it is that format, where nobody said so
	Sources      []Source `json:"sources"`
	SourceDigest string   `json:"source_sha256"` // of several, of their digests

	Counts
	Replaced         int64      `json:"replaced"` // rows whose record_id came again: the last one is kept
	ZeroLengthPolicy string     `json:"zero_length_policy"`
	Spread           *spreading `json:"spread,omitempty"`

	Rows int64 `json:"rows"` // in the trace
	inspect.Arrivals
	InputTokens  inspect.Lengths `json:"input_tokens"`
	OutputTokens inspect.Lengths `json:"output_tokens"`
	Remarks      []string        `json:"remarks,omitempty"` // what the format leaves out

	Out      string `json:"out"`
	OutBytes int64  `json:"out_bytes"`
}

// Source is a file that was read.
type Source struct {
	File   string `json:"file"`
	Rows   int64  `json:"rows"` // of it that went into the trace
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// WriteText prints the report for a person.
func (r *Report) WriteText(w io.Writer) error {
	var f term.Fields
	line := f.Line
	if r.Detected != "" {
		line("format", "%s: %s", r.Format, r.Detected)
	}
	line("imported", "%s of %s (%s)", term.Plural(r.Rows, "row", "rows"), r.sources(), r.Format)
	if len(r.Sources) > 1 {
		for _, s := range r.Sources {
			line("file", "%s, %s, sha256 %.12s", s.File, term.Plural(s.Rows, "row", "rows"), s.SHA256)
		}
	}
	line("span", "%s from %s", r.Span(), r.First.Format(time.RFC3339Nano))
	if r.RatePerS != nil {
		line("mean rate", "%s requests/s", term.Number(*r.RatePerS))
	}
	line("arrivals", "%s distinct, %s, %s", term.Count(r.Distinct), term.Plural(r.Ties, "tie", "ties"), term.Plural(r.Inversions, "inversion", "inversions"))
	if r.Spread != nil {
		line("spread", "%s moved within their tick of %s", term.Plural(r.Spread.Moved, "row", "rows"), term.Seconds(float64(r.Spread.TickUS)/1e6))
	}
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
		line("replaced", "%s, whose record_id came again later", term.Plural(r.Replaced, "row", "rows"))
	}
	for _, remark := range r.Remarks {
		line("note", "%s", remark)
	}
	line("written", "%s, %s", r.Out, term.Bytes(r.OutBytes))
	_, err := f.WriteTo(w)
	return err
}

func (r *Report) sources() string {
	if len(r.Sources) == 1 {
		return r.Sources[0].File
	}
	return fmt.Sprintf("%d files", len(r.Sources))
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
