package importer

import (
	"fmt"

	"metron/schema"
)

// Format is a kind of outside file that can be imported.
type Format struct {
	Name    string   // as on the command line
	Usage   string   // one line for lists
	Details string   // what is read, for its help page
	Example string   // a command line that works
	Takes   []string // names of its flags among those that only some formats have

	namesRows bool // rows bring a record_id, which may come again
	parquet   bool // read at random, not as a stream

	sniff func(h *head) string            // why it is this format, "" where it is not
	open  func(in *input) (source, error) // nil: AutoFormat
}

// Formats is the table of formats: a new one is one file and one line here.
func Formats() []Format {
	return []Format{
		azureFormat(), burstGPTFormat(), mooncakeFormat(), bailianFormat(), wekaFormat(), shareGPTFormat(), basetenFormat(), otelFormat(),
		vllmFormat(), aiperfFormat(), etalonFormat(), inferencePerfFormat(),
		jsonlFormat(),
		serveGenFormat(), etalonLengthsFormat(),
	}
}

// source reads the rows of one file in their order.
type source interface {
	// next fills r, which is zero, with the following row. io.EOF says that
	// there is none, a *badRow that this one cannot be read but the next one
	// can; any other error ends the import. What r points to is the source's
	// own until next is called again.
	next(r *schema.Record) error
}

// placer is a source whose rows are no lines: bad is the error of the one last
// read.
type placer interface{ bad(err error) error }

// remarker is a source that has something to say of what it read: what its
// format leaves out, and what that means for numbers.
type remarker interface{ remarks() []string }

// badRow is a row that cannot be read: a value, not the end.
type badRow struct {
	at  string // "line 3"
	err error
}

func (b *badRow) Error() string { return fmt.Sprintf("%s: %v", b.at, b.err) }
func (b *badRow) Unwrap() error { return b.err }

// fillChat sets what a trace of chat requests leaves unsaid.
func fillChat(r *schema.Record) {
	r.Phase = schema.PhaseMeasure
	r.API, r.Method, r.Path = schema.APIChat, "POST", "/v1/chat/completions"
	r.Stream, r.ChoiceCount = true, 1
	r.TokenSource, r.Outcome, r.Recorded = schema.TokenSourceTrace, schema.OutcomeOK, schema.RecordedLengths
}
