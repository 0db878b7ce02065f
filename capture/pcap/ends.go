package pcap

import (
	"errors"
	"io"
	"syscall"

	"metron/internal/exchange"
)

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
