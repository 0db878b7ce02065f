package wire

import "bytes"

// maxLine bounds what is held of one line. The last line of Ollama's
// /api/generate repeats the conversation as token numbers: this holds a million
// of them.
const maxLine = 8 << 20

// lineReader splits a body into lines, one JSON value each, as sseReader does
// events: pushed bytes however they are cut, a line that came in one piece is
// not copied. Only LF ends a line (a CR before it is space to JSON), and blank
// lines are nothing.
type lineReader struct {
	limit int    // of a line
	line  []byte // a line whose end was not read yet
	bytes int64  // its length as sent
	long  bool   // it went over the limit: its rest is passed over
}

// lined reports whether the answer to a request comes in lines: by its type, or
// because the API streams nothing else, as servers that imitate Ollama name
// its type in many ways.
func lined(req Request, mediaType string) bool {
	switch mediaType {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
		return true
	}
	return req.Stream && (req.API == apiOllamaChat || req.API == apiOllamaGenerate)
}

// next reads p up to the end of a line that is not blank and returns how far
// that was. Without ok p was read whole and the line goes on in the bytes to
// come. The block's data is valid until the next call.
func (r *lineReader) next(p []byte) (b block, n int, ok bool) {
	for n < len(p) {
		end := bytes.IndexByte(p[n:], '\n')
		if end < 0 {
			r.bytes += int64(len(p) - n)
			r.hold(p[n:])
			break
		}
		line := p[n : n+end]
		n += end + 1
		r.bytes += int64(end + 1)
		if b, ok = r.close(line); ok {
			return b, n, true
		}
	}
	return block{}, len(p), false
}

// rest ends the body and returns the line that nothing ended, if there is one.
func (r *lineReader) rest() (b block, ok bool) { return r.close(nil) }

// close ends the open line, the last part of which is tail, and returns it
// unless it is blank.
func (r *lineReader) close(tail []byte) (b block, ok bool) {
	line := tail
	if len(r.line) > 0 || r.long || len(tail) > r.limit {
		r.hold(tail)
		line = r.line
	}
	b = block{bytes: r.bytes, fields: true, tooLong: r.long}
	if !r.long {
		b.data, b.hasData = line, len(bytes.TrimLeft(line, " \t\r")) > 0
	}
	r.line, r.bytes, r.long = r.line[:0], 0, false
	return b, b.hasData || b.tooLong
}

// hold keeps a part of a line.
func (r *lineReader) hold(part []byte) {
	if r.long || len(r.line)+len(part) > r.limit {
		r.long = true
		r.line = r.line[:0]
		return
	}
	r.line = append(r.line, part...)
}

func (r *lineReader) held() int64 { return int64(cap(r.line)) }
