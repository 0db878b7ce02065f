package exchange

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"metron/internal/wire"
	"metron/schema"
)

// Exchange grows a row from a request and the stamped bytes of its response.
// Times given to it are us since the Unix epoch.
type Exchange struct {
	row     *schema.Record
	decoder *wire.Decoder
	answer  []byte // the response's body, where content is kept
	content bool   // it is
	asked   int64  // bytes that the row holds of the request
	req     wire.Request
	secrets []string // never to appear in the row, in each spelling
	countBy func() wire.Counter
	say     func(text string) // gets the answer's text; nil: nobody wants it
	keep    Keep

	inBodies *strings.Replacer // takes the secrets out of them; nil: none is kept, or has any
}

// Request is what an exchange begins with.
type Request struct {
	Method, Path string
	Body         []byte
	Secrets      []string // credentials of the request, cut from what the server says

	// CountBy gives a counter for the text of each choice whose tokens the server
	// does not tell; nil: they stay unknown.
	CountBy func() wire.Counter

	Keep Keep
	Said *wire.Request // what wire.ParseRequest found; nil: it is asked
}

// Begin starts an exchange on a row whose identity is set, and whose StartTime is before Head.
func Begin(row *schema.Record, q Request) *Exchange {
	if q.Said == nil {
		said := wire.ParseRequest(q.Method, q.Path, q.Body)
		q.Said = &said
	}
	x := &Exchange{row: row, req: *q.Said, secrets: spellings(q.Secrets), countBy: q.CountBy}
	row.API, row.Method, row.Path = x.req.API, q.Method, q.Path
	row.RequestModel, row.Stream, row.ChoiceCount = x.req.Model, x.req.Stream, max(1, x.req.ChoiceCount)
	row.MaxTokens, row.MinTokens, row.IgnoreEOS = x.req.MaxTokens, x.req.MinTokens, x.req.IgnoreEOS
	row.Temperature, row.TopP, row.TopK, row.Seed = x.req.Temperature, x.req.TopP, x.req.TopK, x.req.Seed
	row.ResponseFormat, row.ToolCount, row.ImageCount = x.req.ResponseFormat, x.req.ToolCount, x.req.ImageCount
	row.RequestBytes = int64(len(q.Body))
	row.TokenSource = schema.TokenSourceChunks
	row.Outcome = schema.OutcomeUnknown
	WithoutContent(row)
	x.begin(q)
	return x
}

// Request is what the request's body says, the hints at its session among it.
func (x *Exchange) Request() *wire.Request { return &x.req }

// Hear has the answer's text handed to a function as it comes; it is called before Head.
func (x *Exchange) Hear(say func(text string)) { x.say = say }

// Row is the row as far as it is known.
func (x *Exchange) Row() *schema.Record { return x.row }

// Head takes the response's head.
func (x *Exchange) Head(status int, header http.Header, atUS int64) {
	x.row.HTTPStatus = new(int64(status))
	x.row.Headers = new(atUS - x.row.StartTime)
	x.decoder = wire.NewDecoder(x.req, status, header)
	x.decoder.CountBy(x.countBy)
	x.decoder.Say(x.say)
	x.answered()
}

// Body takes the bytes of one read of the response's body.
func (x *Exchange) Body(p []byte, atUS int64, read int32) {
	x.decoder.Feed(p, atUS-x.row.StartTime, read)
}

// Tokens is the number of tokens seen so far.
func (x *Exchange) Tokens() int64 {
	if x.decoder == nil {
		return 0
	}
	return x.decoder.Tokens()
}

// Ending is how an exchange came to its end, beside what its bytes say.
type Ending struct {
	Err      error // of the request or the body; nil and io.EOF: the body ended
	ByClient bool  // the client left
	Timeout  bool  // our own deadline cut it
	StallUS  int64 // the server's bytes waited this long for a client that did not read
	AtUS     int64
}

// End completes the row.
func (x *Exchange) End(e Ending) *schema.Record {
	r := x.row
	r.End = new(e.AtUS - r.StartTime)
	if e.StallUS > 0 {
		r.ClientStall = new(e.StallUS)
	}
	var resp wire.Response
	if x.decoder != nil {
		resp = x.decoder.Finish()
		x.fill(resp)
	}
	r.Outcome, r.ErrorType, r.ErrorMessage = judge(statusOf(r), resp, e)
	if r.Outcome == schema.OutcomeClientAbort {
		r.ClientAbort = r.End
	}
	x.veil(resp, e.ByClient || e.Timeout || e.Err != nil && e.Err != io.EOF)
	return r
}

// fill copies what was decoded. Wire's kinds and names are the schema's own.
func (x *Exchange) fill(resp wire.Response) {
	r := x.row
	r.ChunkTime, r.ChunkKind, r.ChunkTokens = resp.Time, resp.Kind, resp.Tokens
	r.ChunkChoice, r.ChunkRead = resp.Choice, resp.Read
	r.TokenSource = resp.TokenSource
	r.InputTokens, r.CachedInputTokens = resp.InputTokens, resp.CachedInputTokens
	r.OutputTokens, r.ReasoningTokens = resp.OutputTokens, resp.ReasoningTokens
	r.FinishReasons, r.ResponseID, r.ResponseModel = resp.FinishReasons, resp.ID, resp.Model
	r.ServerMetrics = resp.ServerMetrics
	r.ResponseBytes = new(resp.BodyBytes)
}

// Outcome is how an exchange ended whose bytes nobody reads, as far as status, 0
// where none came, and transport tell.
func Outcome(status int, e Ending) string {
	outcome, _, _ := judge(status, wire.Response{Opaque: true}, e)
	return outcome
}

func statusOf(r *schema.Record) int {
	if r.HTTPStatus == nil {
		return 0
	}
	return int(*r.HTTPStatus)
}

// judge decides the outcome; DESIGN's list of outcomes is its table.
func judge(status int, resp wire.Response, e Ending) (outcome, errorType, message string) {
	failed := e.Err != nil && (e.Err != io.EOF || status == 0)
	switch {
	case status >= 400:
		return schema.OutcomeHTTPError, either(resp.ErrorType, http.StatusText(status)), resp.ErrorMessage
	case resp.Failed:
		return schema.OutcomeStreamError, either(resp.ErrorType, "error_event"), resp.ErrorMessage
	case status != 0 && resp.Complete(!failed && !e.ByClient):
		return schema.OutcomeOK, "", ""
	case e.ByClient:
		return schema.OutcomeClientAbort, "", ""
	case e.Timeout:
		return schema.OutcomeTimeout, "deadline", errorText(e.Err)
	case failed && status != 0 && errors.Is(e.Err, io.ErrUnexpectedEOF):
		return schema.OutcomeTruncated, "unexpected_eof", ""
	case failed:
		return schema.OutcomeTransportError, transportErrorType(e.Err), errorText(e.Err)
	}
	return schema.OutcomeTruncated, "no_terminal", ""
}

func transportErrorType(err error) string {
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "dns"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "deadline"
	case errors.As(err, &op) && op.Op == "dial":
		return "dial"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "eof"
	}
	return "transport"
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
