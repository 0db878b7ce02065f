package wire

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Response is what a body said. Nil, empty and "" mean unknown or none.
type Response struct {
	// One entry an event, in order; all lists are of one length or nil. A
	// body that is no event stream has none.

	Time   []int64 // stamp of the read that completed the event, us after start_time
	Kind   []int8
	Tokens []int32 // nil: unknown; else 0 for events that carry none
	Choice []int16 // nil where choice_count is 1; 0 for events without a choice
	Read   []int32 // number of that read
	Bytes  []int32 // bytes of the event as sent, its blank line included

	TokenSource       string // "token_ids", "usage", "logprobs", "tokenizer" or "chunks": see the package comment
	InputTokens       *int64
	CachedInputTokens *int64
	OutputTokens      *int64 // as reported, also where the events say something else
	ReasoningTokens   *int64

	FinishReasons []string // by choice, "" for one without; nil if none has one
	ID            string
	Model         string
	// ServerMetrics is a JSON object: `timings` as llama.cpp sent them,
	// `metrics` as vLLM did, `server_timing` the headers of that name.
	ServerMetrics string

	Terminal bool // the body said that it was over: see Ends in the package comment
	// Unsure says that finish reasons are no sign of the end here: one stood before
	// content of its choice, as where a server puts one into every event.
	Unsure bool
	// Opaque says that the content was not read (no dialect, an unknown
	// Content-Encoding, a document over the bound): nothing in it could tell
	// whether it is whole.
	Opaque       bool
	Failed       bool   // an error event or document after status 200, or status >= 400
	ErrorType    string // the error's type, else its code
	ErrorMessage string

	BodyBytes int64
	// TornBytes is the length of a last event that the end of the body cut
	// short; it is not among the events.
	TornBytes int64
	// Unread counts what went over a bound: events whose data was too long to be
	// read (they are listed as Other), events too many to be listed, and
	// documents too long.
	Unread int64
}

// Complete reports whether the response came whole; cleanEnd says that the
// transport ended the body properly (last chunk, Content-Length reached).
// A body that tells of its end is believed, whatever happened after it, unless it
// says so all along; one that nothing reads is as whole as the transport says.
func (r *Response) Complete(cleanEnd bool) bool {
	return r.Terminal && (cleanEnd || !r.Unsure) || r.Opaque && cleanEnd
}

// Bounds of the texts that are taken over into a row.
const (
	MaxLabel   = 256  // ids, models, reasons, error types
	MaxMessage = 1024 // error messages
)

// label turns the inside of a JSON string into a text of bounded length.
func label(raw []byte) string { return clip(unquote(raw), MaxLabel) }

// clip cuts a text to at most limit bytes of valid UTF-8.
func clip(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// serverMetrics joins what the server told of its own work.
func serverMetrics(timings, metrics []byte, serverTiming string) string {
	if len(timings) == 0 && len(metrics) == 0 && serverTiming == "" {
		return ""
	}
	text, err := json.Marshal(struct {
		Timings      json.RawMessage `json:"timings,omitempty"`
		Metrics      json.RawMessage `json:"metrics,omitempty"`
		ServerTiming string          `json:"server_timing,omitempty"`
	}{timings, metrics, clip(serverTiming, MaxMessage)})
	if err != nil {
		return "" // the scanner has checked both
	}
	return strings.ToValidUTF8(string(text), "\uFFFD")
}
