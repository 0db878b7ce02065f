package importer

import (
	"bufio"
	"fmt"
	"io"
)

// maxLine bounds the memory of one line: a row with a million chunks is a
// quarter of it.
const maxLine = 64 << 20

// lines hands out lines without their ends, "\n" or "\r\n"; the last one may
// have none.
type lines struct {
	r    *bufio.Reader
	n    int64 // number of the line last read, from 1
	max  int   // bytes of a line at most; 0: maxLine
	long []byte
}

// line returns the next line, valid until the next call; io.EOF when there is
// none. A line that is too long is skipped, and the error is a *badRow.
func (l *lines) line() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		line, err = l.longLine(line)
	}
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	l.n++
	if n := len(line); line[n-1] == '\n' {
		line = line[:n-1]
		if n > 1 && line[n-2] == '\r' {
			line = line[:n-2]
		}
	}
	if limit := l.limit(); len(line) > limit {
		return nil, &badRow{fmt.Sprintf("line %d", l.n), fmt.Errorf("the line is longer than %d bytes", limit)}
	}
	return line, nil
}

func (l *lines) limit() int {
	if l.max > 0 {
		return l.max
	}
	return maxLine
}

// longLine collects a line longer than the reader's buffer. Past the limit it
// reads on to the line's end without keeping it.
func (l *lines) longLine(part []byte) ([]byte, error) {
	l.long = l.long[:0]
	for {
		if len(l.long) <= l.limit()+2 {
			l.long = append(l.long, part...)
		}
		var err error
		part, err = l.r.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			continue
		}
		if len(l.long) <= l.limit()+2 {
			l.long = append(l.long, part...)
		}
		return l.long, err
	}
}
