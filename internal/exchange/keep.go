package exchange

import (
	"metron/internal/wire"
	"metron/schema"
)

// Keep says what of a request's and its answer's content may reach the row. The
// zero value keeps none, and errors in the server's words.
type Keep struct {
	// Privacy is a schema.Recorded* constant. Under all but RecordedContent what a
	// server says of an error in words of its own is not kept: it may quote the
	// prompt, or the answer. Its type is.
	Privacy string

	// MaxBody bounds each body that is kept under RecordedContent. A row one of
	// whose bodies is longer keeps neither.
	MaxBody int64

	Headers string // the request's, JSON, under RecordedContent
}

// begin takes what of the request is kept.
func (x *Exchange) begin(q Request) {
	x.keep = q.Keep
	if q.Keep.Privacy == schema.RecordedContent && int64(len(q.Body)) <= q.Keep.MaxBody {
		x.content = true
		x.inBodies = ofBodies(x.secrets)
		x.row.RequestBody, x.row.RequestHeaders = x.cleaned(q.Body), q.Keep.Headers
		x.row.Recorded = schema.RecordedContent
	}
	cutCredentials(x.row, x.secrets, false)
	x.weigh()
}

// weigh notes what the row holds of the request, so that each part need not look.
func (x *Exchange) weigh() {
	x.asked = int64(len(x.row.RequestBody) + 8*len(x.row.BlockHashes))
	if x.inBodies != nil {
		for _, s := range x.secrets {
			x.asked += 2 * int64(len(s)) // and where it is looked for
		}
	}
}

// answered readies what is kept of the answer.
func (x *Exchange) answered() {
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
	WithoutContent(r)
	x.weigh()
}

// WithoutContent takes the request's content out of a row: hashes of the prompt
// stay, if there are any, and Recorded says so.
func WithoutContent(r *schema.Record) {
	r.RequestBody, r.RequestHeaders, r.Recorded = nil, "", schema.RecordedLengths
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
	x.answer, x.content = nil, false
	x.row.RequestBody, x.row.RequestHeaders, x.row.BlockHashes = nil, "", nil
	x.weigh()
}

// Abandon gives the exchange up after a panic in it: nothing that it holds is read again.
func (x *Exchange) Abandon() {
	if x.decoder != nil {
		x.decoder.Abandon()
	}
}

// Held is about how many bytes the exchange holds.
func (x *Exchange) Held() int64 {
	n := int64(cap(x.answer)) + x.asked
	if x.decoder != nil {
		n += x.decoder.Held()
	}
	return n
}

// veil takes out of the finished row what may not be kept. torn says that the
// answer ended before its end.
func (x *Exchange) veil(resp wire.Response, torn bool) {
	r := x.row
	if x.content {
		r.ResponseBody, r.ChunkBytes = x.cleaned(x.answer), resp.Bytes
		if torn {
			r.ResponseBody = x.cleanedEnd(r.ResponseBody)
		}
	}
	cutCredentials(r, x.secrets, torn)
	if x.keep.Privacy == "" || x.content {
		return
	}
	r.ErrorType = kindOf(r.ErrorType, r.HTTPStatus)
	for i, reason := range r.FinishReasons {
		r.FinishReasons[i] = labelOr(reason, "other")
	}
	r.ResponseID, r.ResponseModel = labelOr(r.ResponseID, ""), labelOr(r.ResponseModel, "")
	r.ServerMetrics = figures(r.ServerMetrics)
	if r.Outcome == schema.OutcomeHTTPError || r.Outcome == schema.OutcomeStreamError {
		r.ErrorMessage = "" // of other outcomes it is ours
	}
}
