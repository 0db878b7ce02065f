package pcap

import (
	"io"
	"net/http"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/schema"
)

// Types of the errors of rows that the capture does not tell all about.
const (
	errorGap   = "capture_gap"   // packets are missing
	errorEnd   = "capture_end"   // the capture ended before it
	errorIdle  = "capture_idle"  // its connection had no packet for 15 minutes
	errorLimit = "capture_limit" // it, or what waited beside it, was more than is held in memory
)

// Door decides what of the traffic is kept.
type Door interface {
	// Begin takes a request, whose row has its identity and start; nil: it is not
	// to be recorded. body is nil where it is not known.
	Begin(row *schema.Record, r *http.Request, body []byte) Kept

	// Meta is a footer that says what is kept, Counters what is to be counted in it.
	Meta() schema.Meta
	Counters() map[string]int64
}

// Kept is a request that is recorded: an exchange.Exchange, or what stands around one.
type Kept interface {
	Head(status int, header http.Header, atUS int64)
	Body(p []byte, atUS int64, read int32)
	End(exchange.Ending) *schema.Record
}

// flight is one request and its response.
type flight struct {
	row     *schema.Record
	request *http.Request
	body    []byte // while the request is read
	kept    Kept   // nil: it is not recorded
	damage  string // why the request is not known whole; "": it is

	answerAt uint32 // sequence number of its response
	anchored bool   // which is known

	firstRead int32 // delivery that brought the response's first byte
	began     bool  // there was one
	answered  bool  // its head was read
	lastUS    int64 // of its last byte
}

func newFlight(r *http.Request, startUS int64) *flight {
	return &flight{request: r, lastUS: startUS,
		row: &schema.Record{RecordID: uuid.New(), StartTime: startUS, Phase: schema.PhaseMeasure}}
}

// sent says that the request is complete, or all of it that there is.
func (f *flight) sent(door Door, atUS int64, whole bool) {
	body := f.body
	if f.damage != "" {
		body = nil
	}
	f.kept = door.Begin(f.row, f.request, body)
	if whole && f.damage == "" {
		f.row.Wrote = new(atUS - f.row.StartTime)
	}
	f.body = nil
}

// end completes the row; nil: it is not recorded.
func (f *flight) end(e exchange.Ending) *schema.Record {
	if f.kept == nil {
		return nil
	}
	row := f.kept.End(e)
	if f.damage != "" {
		unknown(row, f.damage)
	}
	return row
}

// cut completes the row of a flight whose rest was not captured.
func (f *flight) cut(why string) *schema.Record {
	row := f.end(exchange.Ending{Err: io.ErrUnexpectedEOF, AtUS: f.lastUS})
	switch {
	case row == nil:
	case row.Outcome == schema.OutcomeTruncated && why == errorGap:
		row.ErrorType = why
	case row.Outcome == schema.OutcomeTruncated, row.Outcome == schema.OutcomeTransportError:
		unknown(row, why)
	}
	return row
}

// unknown says that how a request ended is not known. A status of an error says
// enough.
func unknown(row *schema.Record, why string) {
	if row.Outcome == schema.OutcomeHTTPError {
		return
	}
	row.Outcome, row.ErrorType, row.ErrorMessage = schema.OutcomeUnknown, why, ""
	row.End, row.ClientAbort = nil, nil
}
