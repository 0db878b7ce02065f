package pcap

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"

	"metron/internal/exchange"
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
	missed                      bool             // there was one in the requests: count may lack some
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

// startsRequest reports whether bytes begin as a request does, where nothing else
// says that one begins. Methods are those of RFC 9110 and PATCH: any word might be
// the end of one whose first letters are in a packet that is missing.
func startsRequest(p []byte) bool {
	line, _, ok := bytes.Cut(p, []byte("\n"))
	method, rest, _ := bytes.Cut(line, []byte(" "))
	switch string(method) {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
	default:
		return false
	}
	if !ok { // a line longer than the packet
		return len(rest) > 0 && (rest[0] == '/' || bytes.HasPrefix(rest, []byte("http")))
	}
	rest = bytes.TrimSuffix(rest, []byte("\r"))
	return bytes.HasSuffix(rest, []byte(" HTTP/1.1")) || bytes.HasSuffix(rest, []byte(" HTTP/1.0"))
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
		f.row.Connected = new(int64(0))
		if d.count > 0 || !d.missed {
			f.row.ConnectionReused = new(d.count > 0)
		}
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
	d.lostRequests, d.missed = true, true
	if f := d.asking; f != nil {
		d.reader.release(len(f.body))
		f.body, f.damage = nil, errorGap
		d.ask(false)
	}
}
