package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// body reads the content of a response out of its framing.
type body struct {
	in      *bufio.Reader
	chunked bool
	left    int64 // of the content, or of the chunk; math.MaxInt64: up to the end of the connection
	next    step  // of a chunked body, where left is 0
	err     error // for good; io.EOF: the end

	trailer      http.Header
	trailerBytes int
}

// step is what comes next in the framing of chunks.
type step int

const (
	size   step = iota // the line with a chunk's size
	tail               // the line end after its data
	fields             // the trailer
)

const (
	untilClose = math.MaxInt64
	maxTrailer = 64 << 10
)

// wait returns when there is content to read, or an error, which may be io.EOF.
func (b *body) wait() error {
	if b.advance(true) && b.in.Buffered() == 0 {
		if _, err := b.in.Peek(1); err != nil {
			b.fail(err)
		}
	}
	return b.err
}

// read takes the content that is there, out of as many chunks as it is in,
// and waits only for the first byte. Bytes come before the error behind them.
func (b *body) read(p []byte) (n int, err error) {
	for n < len(p) && b.advance(n == 0) {
		part := p[n:]
		if int64(len(part)) > b.left {
			part = part[:b.left]
		}
		m, err := b.in.Read(part)
		n += m
		if b.left != untilClose {
			b.left -= int64(m)
		}
		if err != nil {
			b.fail(err)
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, b.err
}

// advance goes past framing to the next byte of content and says whether it can
// be read, without waiting if that is not allowed.
func (b *body) advance(wait bool) bool {
	for b.err == nil {
		switch {
		case b.left > 0:
			return wait || b.in.Buffered() > 0
		case !b.chunked:
			b.err = io.EOF
		case wait || b.lineBuffered():
			b.step()
		default:
			return false
		}
	}
	return false
}

// lineBuffered: the rest of the framing's line can be had without waiting.
func (b *body) lineBuffered() bool {
	p, _ := b.in.Peek(b.in.Buffered())
	return bytes.IndexByte(p, '\n') >= 0
}

// step reads one line of framing.
func (b *body) step() {
	line, err := b.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		err = fmt.Errorf("a line of chunk framing is longer than %d bytes", readBuffer)
	}
	if err != nil {
		b.fail(err)
		return
	}
	text, ok := strings.CutSuffix(string(line), "\r\n")
	if !ok {
		b.err = errors.New("a line of chunk framing does not end in CR LF")
		return
	}
	switch b.next {
	case size:
		b.left, b.err = chunkSize(text)
		if b.next = tail; b.err == nil && b.left == 0 {
			b.next = fields
		}
	case tail:
		if b.next = size; text != "" {
			b.err = errors.New("a chunk is longer than its size")
		}
	case fields:
		b.field(text)
	}
}

// field takes a line of the trailer; the empty one ends the body.
func (b *body) field(text string) {
	if text == "" {
		b.err = io.EOF
		return
	}
	name, value, ok := strings.Cut(text, ":")
	if !ok || name == "" || strings.TrimRight(name, " \t") != name {
		b.err = errors.New("a line of the trailer is no field")
		return
	}
	if b.trailer == nil {
		b.trailer = http.Header{}
	}
	if b.trailerBytes += len(text); b.trailerBytes > maxTrailer {
		b.err = fmt.Errorf("the trailer is longer than %d bytes", maxTrailer)
		return
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	b.trailer[name] = append(b.trailer[name], textproto.TrimString(value))
}

// chunkSize reads the line before a chunk: a hexadecimal number, and extensions
// that mean nothing here.
func chunkSize(text string) (int64, error) {
	digits, _, _ := strings.Cut(text, ";")
	digits = strings.TrimRight(digits, " \t")
	n, err := strconv.ParseUint(digits, 16, 64)
	if err != nil || n >= untilClose {
		return 0, errors.New("a chunk begins with no size")
	}
	return int64(n), nil
}

// ended: the body was read to its end.
func (b *body) ended() bool { return b.err == io.EOF }

// fail ends the body; the end of the connection is a clean one only where
// nothing else ends the body.
func (b *body) fail(err error) {
	if b.err == nil {
		if b.err = err; err == io.EOF && (b.chunked || b.left != untilClose) {
			b.err = io.ErrUnexpectedEOF
		}
	}
}
