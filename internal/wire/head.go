package wire

import (
	"bytes"
	"net/http"
	"strings"
)

// framing is how a body is cut into what a dialect reads.
type framing int8

const (
	undecided framing = iota
	stream            // server-sent events
	lines             // JSON, an object a line
	array             // JSON, the objects of one array
	frames            // the messages of an AWS event stream
	document          // one JSON document, or an error of any form
	blind             // counted, not read
)

// mediaType is what Content-Type says, lower case, without parameters.
func mediaType(h http.Header) string {
	t, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// byteOrderMark may begin an event stream, and begins some documents.
func byteOrderMark() []byte { return []byte("\xEF\xBB\xBF") }

// decide finds the framing from the first bytes of a body and returns the
// bytes to go on with. While a few bytes more are needed it keeps them; none
// of those can complete an event, so that no stamp is lost.
func (d *Decoder) decide(p []byte) []byte {
	if len(d.head) > 0 {
		p = append(d.head, p...)
		d.head = nil
	}
	if !d.begun {
		mark := byteOrderMark()
		if len(p) < len(mark) && bytes.HasPrefix(mark, p) {
			d.head = bytes.Clone(p)
			return nil
		}
		p, d.begun = bytes.TrimPrefix(p, mark), true
	}
	// Blank lines mean nothing to either framing; some servers send them to
	// keep a connection alive.
	p = bytes.TrimLeft(p, "\r\n")
	if len(p) == 0 {
		return nil
	}
	d.framing = d.frame(p)
	switch d.framing {
	case undecided:
		d.head = bytes.Clone(p)
		return nil
	case stream:
		d.sse.limit = maxEvent
		d.reader = &d.sse
	case lines:
		d.reader = &lineReader{limit: maxLine}
	case array:
		d.reader = &arrayReader{limit: maxEvent}
	case frames:
		d.reader = newFrameReader()
	}
	return p
}

// frame names the framing of a body that begins with p, which is not empty.
func (d *Decoder) frame(p []byte) framing {
	switch {
	case d.mediaType == framesType:
		return frames
	case p[0] == '{' && d.lined && d.status < 400:
		return lines
	case p[0] == '[' && d.arrayed && d.status < 400:
		return array
	}
	if p[0] == '{' || p[0] == '[' {
		return document // no line of an event stream begins so
	}
	if d.mediaType == "text/event-stream" && d.status < 400 {
		return stream // of an error its fields must be seen: some are plain text under this type
	}
	for _, field := range []string{":", "data:", "event:", "id:", "retry:"} {
		n := min(len(field), len(p))
		if string(p[:n]) == field[:n] {
			if n < len(field) {
				return undecided
			}
			return stream
		}
	}
	return document
}
