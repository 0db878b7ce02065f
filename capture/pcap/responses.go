package pcap

import (
	"bufio"
	"bytes"
	"net/http"

	"metron/internal/exchange"
	"metron/schema"
)

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
	}
	return bodyOf(resp), nil
}

// bodyOf says how the body of a response is framed, by RFC 9112, section 6.3.
func bodyOf(resp *http.Response) framing {
	none := resp.StatusCode < 200 || resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified
	if none || resp.Request != nil && resp.Request.Method == http.MethodHead {
		return framing{}
	}
	return framing{length: resp.ContentLength, chunked: len(resp.TransferEncoding) > 0}
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
