package exchange

import (
	"net/http"

	"metron/internal/wire"
	"metron/schema"
)

// Keep says what of a request's and its answer's content may reach the row. The
// zero value keeps none, and errors in the server's words.
type Keep struct {
	// Privacy is a schema.Recorded* constant. Under RecordedHash an error message
	// loses the words of the prompt, under RecordedLengths it is not kept.
	Privacy string

	// MaxBody bounds each body that is kept under RecordedContent. A row one of
	// whose bodies is longer keeps neither.
	MaxBody int64

	Headers string // the request's, JSON, under RecordedContent
}

// maxAsked is how much of a request's body is held for as long as an answer
// streams, to be looked for in the message of an error amid it.
const maxAsked = 16 << 10

// begin takes what of the request is kept.
func (x *Exchange) begin(q Request) {
	x.keep = q.Keep
	switch q.Keep.Privacy {
	case schema.RecordedHash:
		x.asked = q.Body
	case schema.RecordedContent:
		if x.content = int64(len(q.Body)) <= q.Keep.MaxBody; !x.content {
			x.asked = q.Body
			break
		}
		x.row.RequestBody, x.row.RequestHeaders = q.Body, q.Keep.Headers
		x.row.Recorded = schema.RecordedContent
	}
	cutCredentials(x.row, x.secrets)
}

// answered readies what is kept of the answer, and lets go of what an answer that
// is no error will hardly quote.
func (x *Exchange) answered(status int) {
	if status < http.StatusBadRequest && len(x.asked) > maxAsked {
		x.asked = nil
	}
	if x.content && !x.decoder.Tee(x.hear) {
		x.Degrade()
	}
}

// hear takes a piece of the answer's body, without its content coding.
func (x *Exchange) hear(p []byte) {
	switch {
	case !x.content:
	case int64(len(x.answer)+len(p)) > x.keep.MaxBody:
		x.Degrade()
	default:
		x.answer = append(x.answer, p...)
	}
}

// Degrade gives the content up, for want of room: hashes of the prompt stay, if
// there are any.
func (x *Exchange) Degrade() {
	if !x.content {
		return
	}
	r := x.row
	x.content, x.answer = false, nil
	if x.asked = r.RequestBody; len(x.asked) > maxAsked {
		x.asked = nil
	}
	r.RequestBody, r.RequestHeaders = nil, ""
	r.Recorded = schema.RecordedLengths
	if len(r.BlockHashes) > 0 {
		r.Recorded = schema.RecordedHash
	}
}

// Discard gives the exchange up before its end.
func (x *Exchange) Discard() {
	if x.decoder != nil {
		x.decoder.Finish() // ends what undoes a content coding
		x.decoder = nil
	}
	x.asked, x.answer, x.content = nil, nil, false
}

// Held is about how many bytes the exchange holds.
func (x *Exchange) Held() int64 {
	n := int64(len(x.asked) + cap(x.answer) + len(x.row.RequestBody) + 8*len(x.row.BlockHashes))
	if x.decoder != nil {
		n += x.decoder.Held()
	}
	return n
}

// veil takes out of the finished row what may not be kept.
func (x *Exchange) veil(resp wire.Response) {
	r := x.row
	if x.content {
		r.ResponseBody, r.ChunkBytes = x.answer, resp.Bytes
	}
	cutCredentials(r, x.secrets)
	if x.keep.Privacy == "" || x.content {
		return
	}
	r.ErrorType = kindOf(r.ErrorType)
	switch {
	case r.ErrorMessage == "":
	case x.keep.Privacy == schema.RecordedLengths, x.asked == nil && r.RequestBytes > 0:
		r.ErrorMessage = "" // what it quotes cannot be told
	default:
		r.ErrorMessage = withoutPrompt(r.ErrorMessage, x.asked)
	}
}
