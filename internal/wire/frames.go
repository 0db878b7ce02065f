package wire

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// framesType is the media type of AWS event streams.
const framesType = "application/vnd.amazon.eventstream"

// maxFrame bounds one message; AWS sends none above it.
const maxFrame = 16 << 20

// leastFrame is the length of a message without headers and payload.
const leastFrame = 16

// frameReader splits a body into the messages of an AWS event stream. It finds
// where a message ends, by the length that it begins with; the AWS SDK's own
// package reads it and checks its sums. After a fault nothing can be found any
// more, and the rest of the body is passed over.
type frameReader struct {
	decoder *eventstream.Decoder
	message []byte // one that began in earlier bytes
	payload []byte
	broken  bool
}

func newFrameReader() *frameReader { return &frameReader{decoder: eventstream.NewDecoder()} }

// next reads p up to the end of a message and returns how far that was. Without
// ok p was read whole and the message goes on in the bytes to come.
func (r *frameReader) next(p []byte) (b block, n int, ok bool) {
	if r.broken {
		return block{}, len(p), false
	}
	for len(r.message) < 4 && n < len(p) && (len(r.message) > 0 || len(p) < 4) {
		r.message = append(r.message, p[n])
		n++
	}
	head := p
	if len(r.message) > 0 {
		head = r.message
	}
	if len(head) < 4 {
		return block{}, n, false
	}
	size := int64(binary.BigEndian.Uint32(head))
	if size < leastFrame || size > maxFrame {
		return r.fault(4, p)
	}
	if len(r.message) == 0 && int64(len(p)) >= size {
		return r.read(p[:size], int(size), p)
	}
	more := min(int(size)-len(r.message), len(p)-n)
	r.message = append(r.message, p[n:n+more]...)
	n += more
	if int64(len(r.message)) < size {
		return block{}, n, false
	}
	message := r.message
	r.message = r.message[:0]
	return r.read(message, n, p)
}

// read takes a whole message, which ends after n bytes of p.
func (r *frameReader) read(message []byte, n int, p []byte) (block, int, bool) {
	m, err := r.decoder.Decode(bytes.NewReader(message), r.payload[:0])
	if err != nil {
		return r.fault(len(message), p)
	}
	r.payload = m.Payload
	b := block{fields: true, hasData: true, data: m.Payload, bytes: int64(len(message))}
	header := func(name string) []byte {
		if v, ok := m.Headers.Get(name).(eventstream.StringValue); ok {
			return []byte(v)
		}
		return nil
	}
	switch string(header(":message-type")) {
	case "exception":
		b.failed, b.name = true, header(":exception-type")
	case "error":
		b.failed, b.name = true, header(":error-code")
		b.data = strconv.AppendQuote(nil, string(header(":error-message")))
	default:
		b.name = header(":event-type")
	}
	return b, n, true
}

// fault gives the rest of the body up, p with it; size is that of what was wrong.
func (r *frameReader) fault(size int, p []byte) (block, int, bool) {
	r.broken = true
	r.message = nil
	return block{fields: true, tooLong: true, bytes: int64(size)}, len(p), true
}

// rest ends the body and returns what is left of a message that is not whole.
func (r *frameReader) rest() (b block, ok bool) {
	return block{fields: true, bytes: int64(len(r.message))}, len(r.message) > 0
}

func (r *frameReader) held() int64 { return int64(cap(r.message) + cap(r.payload)) }
