package pcap

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"syscall"

	"metron/internal/exchange"
	"metron/schema"
)

const (
	maxBody = 64 << 20 // of a request
	maxHeld = 1 << 20  // of a server's bytes that wait for their request
	maxOpen = 1024     // requests of a connection without a response
)

// dialog pairs the requests of a connection with their responses.
type dialog struct {
	reader              *Reader
	requests, responses splitter

	asking *flight   // the request that is being read; nil: none
	open   []*flight // complete requests without a complete response, the oldest first
	count  int       // of requests

	held      []piece // the server's bytes while no request is open
	heldBytes int

	lostRequests, lostResponses bool             // a gap: looking for the next beginning
	opaque                      bool             // it speaks something else, from here on
	fromSYN                     bool             // its beginning was seen
	interim                     bool             // the response being read is a 1xx
	clientLeftUS                int64            // the client sends no more; 0: it may
	serverLeft                  *exchange.Ending // nor does the server; nil: it may

	now   piece // being read
	asked piece // brought the first byte of the request being read
}

func newDialog(r *Reader) *dialog {
	d := &dialog{reader: r}
	d.requests = splitter{head: d.requestHead, body: d.requestBody, end: d.requestEnd}
	d.responses = splitter{head: d.responseHead, body: d.responseBody, end: d.responseEnd}
	return d
}

// startsRequest reports whether bytes begin as a request does.
func startsRequest(p []byte) bool {
	line, _, ok := bytes.Cut(p, []byte("\n"))
	method, rest, spaced := bytes.Cut(line, []byte(" "))
	if !spaced || len(method) == 0 || len(method) > 20 {
		return false
	}
	for _, c := range method {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	if !ok { // a line longer than the packet
		return len(rest) > 0 && (rest[0] == '/' || bytes.HasPrefix(rest, []byte("http")))
	}
	return bytes.HasSuffix(bytes.TrimSuffix(rest, []byte("\r")), []byte("HTTP/1.1")) || bytes.HasSuffix(bytes.TrimSuffix(rest, []byte("\r")), []byte("HTTP/1.0"))
}

// fromClient takes the client's next bytes.
func (d *dialog) fromClient(p piece) {
	if p.gap {
		d.requestGap()
		return
	}
	if d.lostRequests {
		if !startsRequest(p.data) {
			d.reader.counts.skippedBytes += int64(len(p.data))
			return
		}
		d.lostRequests = false
	}
	for len(p.data) > 0 && !d.opaque {
		if d.now = p; d.requests.idle() {
			d.asked = p
		}
		if d.requests.idle() && d.count == 0 && !d.speaksHTTP(p.data) {
			return
		}
		n, err := d.requests.feed(p.data)
		p = p.from(n)
		if err != nil {
			d.leave(err)
			return
		}
	}
}

// speaksHTTP looks at the first byte of a connection.
func (d *dialog) speaksHTTP(p []byte) bool {
	switch c := p[0]; {
	case c == 0x16:
		d.reader.counts.tlsConnections++
	case c >= 'A' && c <= 'Z', c == '\r', c == '\n':
		return true
	default:
		d.reader.counts.otherConnections++
	}
	d.opaque = true
	return false
}

// leave gives a connection up that does not speak HTTP/1.1, or no more.
func (d *dialog) leave(err error) {
	switch {
	case d.count > 0:
		d.reader.counts.malformed++
	case errors.Is(err, errHTTP2):
		d.reader.counts.http2Connections++
	default:
		d.reader.counts.otherConnections++
	}
	d.endAll(exchange.Ending{Err: err, AtUS: d.now.atUS})
	d.opaque = true
}

var errHTTP2 = errors.New("HTTP/2")

func (d *dialog) requestHead(head []byte) (framing, error) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	switch {
	case err != nil:
		return framing{}, err
	case r.ProtoMajor != 1:
		return framing{}, errHTTP2
	}
	f := newFlight(r, d.now.atUS)
	f.answerAt, f.anchored = d.asked.ack, d.asked.acks
	if d.fromSYN {
		f.row.Connected, f.row.ConnectionReused = new(int64(0)), new(d.count > 0)
	}
	d.count++
	d.asking = f
	d.reader.counts.requests++
	return framing{length: max(0, r.ContentLength), chunked: len(r.TransferEncoding) > 0}, nil
}

func (d *dialog) requestBody(p []byte) {
	f := d.asking
	f.lastUS = d.now.atUS
	switch {
	case f.damage != "":
	case len(f.body)+len(p) > maxBody || !d.reader.hold(len(p)):
		d.reader.release(len(f.body))
		f.body, f.damage = nil, errorLimit
	default:
		f.body = append(f.body, p...)
	}
}

func (d *dialog) requestEnd() { d.ask(true) }

// ask opens the request that was being read; whole: to its end.
func (d *dialog) ask(whole bool) {
	f := d.asking
	d.asking = nil
	d.reader.release(len(f.body))
	f.sent(d.reader.Door, d.now.atUS, whole)
	if len(d.open) == maxOpen {
		d.emit(f.cut(errorLimit))
		return
	}
	d.open = append(d.open, f)
	held := d.held
	d.held, d.heldBytes = nil, 0
	for _, p := range held {
		d.reader.release(len(p.data))
		d.fromServer(p)
	}
	if d.serverLeft != nil && len(d.held) == 0 {
		d.closed()
	}
}

// requestGap: the request being read lost bytes.
func (d *dialog) requestGap() {
	d.requests.reset()
	d.lostRequests = true
	if f := d.asking; f != nil {
		d.reader.release(len(f.body))
		f.body, f.damage = nil, errorGap
		d.ask(false)
	}
}

// fromServer takes the server's next bytes.
func (d *dialog) fromServer(p piece) {
	if p.gap {
		d.responseGap(p)
		return
	}
	for len(p.data) > 0 && !d.opaque {
		if d.responses.idle() {
			if p = d.align(p); len(p.data) == 0 {
				return
			}
		}
		f := d.open[0]
		p.atUS = max(p.atUS, f.row.StartTime) // the capture may have the two directions out of order
		d.now = p
		if !f.began {
			f.began, f.firstRead = true, p.read
		}
		f.lastUS = p.atUS
		n, err := d.responses.feed(p.data)
		p = p.from(n)
		if err != nil {
			d.leave(err)
			return
		}
	}
}

// align looks for the first byte of the oldest open request's response, and gives
// what is there from it on.
func (d *dialog) align(p piece) piece {
	for len(d.held) == 0 && len(d.open) > 0 {
		f := d.open[0]
		off := after(f.answerAt, p.seq)
		switch {
		case !f.anchored && !d.lostResponses, off <= 0 && !d.lostResponses:
			return p
		case f.anchored && off == 0:
			d.lostResponses = false
			return p
		case f.anchored && off > 0: // the response to a request that was not captured
			n := min(off, len(p.data))
			d.reader.counts.skippedBytes += int64(n)
			if p = p.from(n); len(p.data) == 0 {
				return p
			}
		default: // its response began in a gap
			d.drop(errorGap)
		}
	}
	d.hold(p)
	return piece{}
}

// hold keeps a server's bytes until their request has come.
func (d *dialog) hold(p piece) {
	if d.heldBytes+len(p.data) > maxHeld || !d.reader.hold(len(p.data)) {
		d.reader.counts.skippedBytes += int64(d.heldBytes + len(p.data))
		d.forget()
		d.lostResponses = true
		return
	}
	d.held = append(d.held, p)
	d.heldBytes += len(p.data)
}

func (d *dialog) forget() {
	d.reader.release(d.heldBytes)
	d.held, d.heldBytes = nil, 0
}

// responseGap: the response being read lost bytes.
func (d *dialog) responseGap(p piece) {
	if len(d.held) > 0 {
		d.hold(p)
		return
	}
	if !d.responses.idle() && len(d.open) > 0 {
		d.drop(errorGap)
	}
	d.responses.reset()
	d.lostResponses = true
}

func (d *dialog) responseHead(head []byte) (framing, error) {
	f := d.open[0]
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), &http.Request{Method: f.request.Method})
	if err != nil {
		return framing{}, err
	}
	resp.Body.Close()
	if d.interim = resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols; d.interim {
		return framing{}, nil
	}
	f.answered = true
	if f.kept != nil {
		f.kept.Head(resp.StatusCode, resp.Header, d.now.atUS)
	}
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols, f.request.Method == http.MethodConnect && resp.StatusCode < 300:
		d.finish(exchange.Ending{AtUS: d.now.atUS})
		d.opaque, d.interim = true, true
		return framing{}, nil
	case f.request.Method == http.MethodHead:
		return framing{}, nil
	}
	return framing{length: resp.ContentLength, chunked: len(resp.TransferEncoding) > 0}, nil
}

func (d *dialog) responseBody(p []byte) {
	if f := d.open[0]; f.answered && f.kept != nil {
		f.kept.Body(p, d.now.atUS, d.now.read-f.firstRead)
	}
}

func (d *dialog) responseEnd() {
	if !d.interim {
		d.finish(exchange.Ending{AtUS: d.now.atUS})
	}
}

// finish ends the oldest open flight, which is not empty.
func (d *dialog) finish(e exchange.Ending) {
	row := d.pop().end(e)
	if row != nil && d.clientLeftUS != 0 && row.Outcome == schema.OutcomeTruncated { // by a server that heard of it
		row.Outcome, row.ErrorType, row.ErrorMessage, row.ClientAbort = schema.OutcomeClientAbort, "", "", row.End
	}
	d.emit(row)
}

// drop ends the oldest open flight, whose rest is not known.
func (d *dialog) drop(why string) { d.emit(d.pop().cut(why)) }

func (d *dialog) pop() *flight {
	f := d.open[0]
	d.open = d.open[1:]
	return f
}

func (d *dialog) emit(row *schema.Record) {
	if row != nil {
		d.reader.put(row)
	}
}

// clientGone: the client sends no more.
func (d *dialog) clientGone(reset bool, atUS int64) {
	if d.now.atUS = atUS; d.clientLeftUS == 0 {
		d.clientLeftUS = atUS
	}
	if len(d.open) > 0 {
		atUS = max(d.clientLeftUS, d.open[0].lastUS)
	}
	left := exchange.Ending{Err: syscall.ECONNRESET, ByClient: true, AtUS: atUS}
	if f := d.asking; f != nil { // amid its request
		d.ask(false)
		if last := len(d.open) - 1; last >= 0 && d.open[last] == f { // what was held did not answer it
			d.open = d.open[:last]
			d.emit(f.end(left))
		}
		if len(d.open) == 0 {
			d.responses.reset()
		}
	}
	if reset { // after a FIN alone it may still read
		d.endAll(left)
		d.opaque = true
	}
}

// serverGone: the server sends no more. Amid a request it may have refused the
// rest, or the capture has the rest out of order.
func (d *dialog) serverGone(reset bool, atUS int64) {
	d.now.atUS = atUS
	d.serverLeft = &exchange.Ending{Err: io.ErrUnexpectedEOF, AtUS: atUS}
	if reset {
		d.serverLeft.Err = syscall.ECONNRESET
	}
	if d.asking == nil {
		d.closed()
	}
}

// closed ends what the server has not answered when it left.
func (d *dialog) closed() {
	e := *d.serverLeft
	for d.lostResponses && len(d.open) > 0 {
		d.drop(errorGap)
	}
	if len(d.open) > 0 && e.Err == io.ErrUnexpectedEOF {
		d.now.atUS = e.AtUS
		d.responses.close()
	}
	switch {
	case len(d.open) == 0:
		return
	case d.clientLeftUS != 0:
		e.ByClient = true
		e.AtUS = max(d.clientLeftUS, d.open[0].lastUS)
	case !d.open[0].answered && e.Err == io.ErrUnexpectedEOF:
		e.Err = io.EOF
	}
	e.AtUS = max(e.AtUS, d.open[0].lastUS)
	d.endAll(e)
}

// endAll ends every open flight: the first so, those that wait behind it without
// an answer.
func (d *dialog) endAll(e exchange.Ending) {
	for len(d.open) > 0 {
		d.finish(e)
	}
	d.responses.reset()
}

// stop ends what is in flight when nothing more will be read, or kept.
func (d *dialog) stop(why string) {
	if d.asking != nil {
		if d.serverLeft == nil {
			d.asking.damage = why
		}
		d.ask(false)
	}
	for len(d.open) > 0 {
		d.drop(why)
	}
	if d.heldBytes > 0 {
		d.reader.counts.skippedBytes += int64(d.heldBytes)
	}
	d.forget()
	d.opaque = true
}
