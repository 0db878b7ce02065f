package importer

import (
	"fmt"

	"metron/schema"
)

// Format is a kind of outside file that can be imported.
type Format struct {
	Name    string // as on the command line
	Usage   string // one line for lists
	Details string // what is read, for its help page
	Example string // a command line that works

	open func(in *input) (source, error)
}

// Formats is the table of formats: a new one is one file and one line here.
func Formats() []Format {
	return []Format{azureFormat(), jsonlFormat()}
}

// source reads the rows of one file in their order.
type source interface {
	// next fills r, which is zero, with the following row. io.EOF says that
	// there is none, a *badRow that this one cannot be read but the next one
	// can; any other error ends the import. What r points to is the source's
	// own until next is called again.
	next(r *schema.Record) error
}

// badRow is a row that cannot be read: a value, not the end.
type badRow struct {
	line int64
	err  error
}

func (b *badRow) Error() string { return fmt.Sprintf("line %d: %v", b.line, b.err) }
func (b *badRow) Unwrap() error { return b.err }

// fillChat sets what a trace of chat requests leaves unsaid.
func fillChat(r *schema.Record) {
	r.Phase = schema.PhaseMeasure
	r.API, r.Method, r.Path = schema.APIChat, "POST", "/v1/chat/completions"
	r.Stream, r.ChoiceCount = true, 1
	r.TokenSource, r.Outcome, r.Recorded = schema.TokenSourceTrace, schema.OutcomeOK, schema.RecordedLengths
}
