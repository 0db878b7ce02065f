package inspect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"metron/internal/term"
	"metron/internal/verdict"
	"metron/schema"
)

// shownColumns is how many columns the text shows by size.
const shownColumns = 6

// WriteText prints the summary for a person.
func (s *Summary) WriteText(w io.Writer) error {
	if _, err := fmt.Fprintln(w, s.File); err != nil {
		return err
	}
	var f term.Fields
	line := f.Line
	kind := ""
	if s.Journal {
		kind = ", a journal: its writer is running or was cut off"
	}
	line("format", "schema %s, %s%s", s.Footer.SchemaVersion, cmp.Or(s.Footer.Vantage, "unknown vantage"), kind)
	line("written by", "%s on %s", s.Footer.Program, s.Footer.Host)
	switch {
	case s.Selection == "":
		line("rows", "%s", term.Count(s.Rows))
	case s.FileRows == nil:
		line("rows", "%s, selected %s", term.Count(s.Rows), s.Selection)
	default:
		line("rows", "%s of %s, selected %s", term.Count(s.Rows), term.Count(*s.FileRows), s.Selection)
	}
	s.Arrivals.lines(line)
	line("phases", "%v", s.Phases)
	line("outcomes", "%v", s.Outcomes)
	line("apis", "%v", s.APIs)
	line("models", "%v", s.RequestModels)
	if !maps.Equal(s.ResponseModels, s.RequestModels) {
		line("answered by", "%v", s.ResponseModels)
	}
	line("targets", "%v", s.Targets)
	line("input tokens", "%v", s.InputTokens)
	line("output tokens", "%v", s.OutputTokens)
	line("token counts", "%v", s.TokenSources)
	line("recorded", "%v", s.Recorded)
	line("stored", "%s, %s", term.Plural(s.Chunks, "chunk", "chunks"), term.Plural(s.Tokens, "token", "tokens"))
	size := term.Bytes(s.Bytes)
	if s.BytesPerRow != nil {
		size += fmt.Sprintf(", %.0f bytes a row", *s.BytesPerRow)
	}
	if s.BytesPerToken != nil {
		size += fmt.Sprintf(", %.2f bytes a token in the chunk columns", *s.BytesPerToken)
	}
	line("size", "%s", size)
	var biggest []string
	for _, c := range s.Columns[:min(shownColumns, len(s.Columns))] {
		biggest = append(biggest, c.Name+" "+term.Bytes(c.Bytes))
	}
	line("biggest columns", "%s", strings.Join(biggest, ", "))
	footerLines(s.Footer, line)
	_, err := f.WriteTo(w)
	return err
}

func (a Arrivals) lines(line func(name, format string, args ...any)) {
	if a.First == nil {
		return
	}
	line("starts", "%s to %s", a.First.Format(time.RFC3339Nano), a.Last.Format(time.RFC3339Nano))
	line("span", "%s", a.Span())
	if a.RatePerS != nil {
		line("mean rate", "%s requests/s", term.Number(*a.RatePerS))
	}
	line("arrivals", "%s distinct, %s, at most %s at a time", term.Count(a.Distinct), term.Plural(a.Ties, "tie", "ties"), term.Count(a.MostTogether))
}

// Span is the time from the first to the last start.
func (a Arrivals) Span() string {
	switch {
	case a.SpanS == nil:
		return "unknown"
	case *a.SpanS < 120:
		return term.Seconds(*a.SpanS)
	}
	return fmt.Sprintf("%.1f s (%s)", *a.SpanS, term.Seconds(*a.SpanS))
}

func footerLines(m schema.Meta, line func(name, format string, args ...any)) {
	if m.TimeZero != 0 {
		line("time zero", "%s", time.UnixMicro(m.TimeZero).UTC().Format(time.RFC3339Nano))
	}
	line("clock", "%s", m.Clock)
	line("privacy", "%s", m.Privacy)
	line("key id", "%s", m.KeyID)
	var counters []string
	for _, name := range slices.Sorted(maps.Keys(m.Counters)) {
		counters = append(counters, name+" "+term.Count(m.Counters[name]))
	}
	line("counters", "%s", strings.Join(counters, ", "))
	if v := m.Verdict; v != nil {
		line("verdict", "%s", v.Status)
		for _, reason := range v.Reasons {
			line("", "%s", reason)
		}
		for _, l := range verdict.Lines(v) {
			line(l[0], "%s", l[1])
		}
	}
	line("config", "%s", m.Config)
	line("source sha256", "%s", m.SourceDigest)
}

// WriteJSON prints the summary as one JSON object.
func (s *Summary) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(s)
}
