package pcap

import (
	"bytes"
	"errors"
	"strconv"
)

const (
	maxHead = 256 << 10 // of a message
	maxLine = 4 << 10   // of a chunk's size and of a trailer's field
)

// framing says how long a message's body is.
type framing struct {
	length  int64 // of the body; -1: until the connection ends
	chunked bool
}

// splitter cuts the bytes of one direction into messages of HTTP/1.1, however
// they are cut when they come.
type splitter struct {
	head func(head []byte) (framing, error)
	body func(p []byte)
	end  func() // of a message

	state splitState
	buf   []byte // of a head or a line that is not complete
	left  int64  // bytes of the body or the chunk
}

type splitState int

const (
	inHead splitState = iota
	inBody
	untilClose
	inChunkSize
	inChunk
	afterChunk
	inTrailer
)

var (
	errHeadTooLong = errors.New("a head of more than 256 KiB")
	errBadChunk    = errors.New("a chunk without a size")
)

// idle reports whether it stands between two messages.
func (s *splitter) idle() bool { return s.state == inHead && len(s.buf) == 0 }

// reset forgets a message that lost bytes.
func (s *splitter) reset() { s.state, s.buf, s.left = inHead, nil, 0 }

// close says that no more bytes come: true where that ends a message.
func (s *splitter) close() bool {
	if s.state != untilClose {
		return false
	}
	s.finish()
	return true
}

func (s *splitter) finish() {
	s.reset()
	s.end()
}

// feed takes bytes up to the end of a message at most, and says how many.
func (s *splitter) feed(p []byte) (n int, err error) {
	for n < len(p) {
		took, done, err := s.step(p[n:])
		n += took
		if done || err != nil {
			return n, err
		}
	}
	return n, nil
}

// step takes bytes up to the next change of state; done: a message has ended.
func (s *splitter) step(p []byte) (n int, done bool, err error) {
	switch s.state {
	case inHead:
		return s.takeHead(p)
	case inBody:
		n = s.take(p)
		if s.left > 0 {
			return n, false, nil
		}
		s.finish()
		return n, true, nil
	case untilClose:
		s.body(p)
		return len(p), false, nil
	case inChunk:
		if n = s.take(p); s.left == 0 {
			s.state = afterChunk
		}
		return n, false, nil
	}
	n, line, err := s.line(p)
	if line == nil || err != nil {
		return n, false, err
	}
	switch s.state {
	case afterChunk:
		s.state = inChunkSize
		if len(line) > 0 {
			return n, false, errBadChunk
		}
	case inChunkSize:
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 62)
		switch {
		case err != nil:
			return n, false, errBadChunk
		case size == 0:
			s.state = inTrailer
		default:
			s.left, s.state = int64(size), inChunk
		}
	case inTrailer:
		if len(line) == 0 {
			s.finish()
			return n, true, nil
		}
	}
	return n, false, nil
}

// take passes bytes of a body or a chunk on.
func (s *splitter) take(p []byte) int {
	n := int(min(int64(len(p)), s.left))
	s.left -= int64(n)
	s.body(p[:n])
	return n
}

// line collects a line; nil while it is not complete.
func (s *splitter) line(p []byte) (n int, line []byte, err error) {
	n = len(p)
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		n = i + 1
	}
	s.buf = append(s.buf, p[:n]...)
	switch {
	case len(s.buf) > maxLine:
		return n, nil, errBadChunk
	case s.buf[len(s.buf)-1] != '\n':
		return n, nil, nil
	}
	line = bytes.TrimSuffix(s.buf[:len(s.buf)-1], []byte("\r"))
	s.buf = s.buf[:0]
	return n, line, nil
}

// takeHead collects a head: empty lines before it are left out, as servers do.
func (s *splitter) takeHead(p []byte) (n int, done bool, err error) {
	if len(s.buf) == 0 {
		for n < len(p) && (p[n] == '\r' || p[n] == '\n') {
			n++
		}
		if n > 0 {
			return n, false, nil
		}
	}
	had := len(s.buf)
	s.buf = append(s.buf, p[:min(len(p), maxHead)]...)
	size := headSize(s.buf, max(0, had-3))
	if size == 0 {
		if len(s.buf) > maxHead {
			return len(s.buf) - had, false, errHeadTooLong
		}
		return len(s.buf) - had, false, nil
	}
	n = size - had
	f, err := s.head(s.buf[:size])
	s.buf = nil
	switch {
	case err != nil:
		return n, false, err
	case f.chunked:
		s.state = inChunkSize
	case f.length < 0:
		s.state = untilClose
	case f.length > 0:
		s.state, s.left = inBody, f.length
	default:
		s.finish()
		return n, true, nil
	}
	return n, false, nil
}

// headSize is the size of a head with its empty line, looked for from an offset
// on; 0: it has not come.
func headSize(b []byte, from int) int {
	for {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return 0
		}
		from += i + 1
		switch rest := b[from:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return from + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return from + 2
		}
	}
}
