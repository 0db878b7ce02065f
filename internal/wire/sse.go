package wire

import "bytes"

// maxEvent bounds what is held of one event, and with it a line: a longer one
// is counted and its data not read. 1 MiB is far above any token event and
// holds an image of usual size.
const maxEvent = 1 << 20

// maxName bounds the event name that is kept.
const maxName = 64

// block is what stands between two blank lines of an event stream.
type block struct {
	name    []byte // the event field; valid until the next call of the reader
	data    []byte // the data lines joined by LF; valid as name
	bytes   int64  // as sent, the blank line included
	hasData bool
	fields  bool // lines other than comments
	failed  bool // the framing itself says that it is an error
	tooLong bool // a line or the data went over the reader's limit
}

// reader cuts the bytes of a framing into blocks. It is pushed bytes, whatever
// way they are cut.
type reader interface {
	// next reads p up to the end of a block and returns how far that was.
	// Without ok p was read whole and the block goes on in the bytes to come.
	next(p []byte) (b block, n int, ok bool)
	// rest ends the body and returns the block that nothing completed, if there
	// is one.
	rest() (b block, ok bool)
	// held is how many bytes the reader holds of a block that is not whole, or has
	// room for.
	held() int64
}

// sseReader splits an event stream into blocks. It is pushed bytes, whatever
// way they are cut, and reports a block at the byte that completes it. Data that
// came in one piece is not copied.
type sseReader struct {
	limit int    // of a line and of an event's data
	line  []byte // a line whose end was not read yet
	data  []byte // data of the open block, where it does not stand in the caller's bytes
	name  []byte
	open  block // its data points into the caller's bytes or is nil
	owned bool  // the open block's data is in data

	longLine  bool // line went over the bound: its rest is passed over
	skipLF    bool // the last byte was CR: an LF now belongs to it
	blockDone bool // and that CR completed a block
}

// late reports whether p begins with the LF of a CRLF whose CR completed the
// block before: a byte of that block that came after it. The caller takes it off.
func (r *sseReader) late(p []byte) bool {
	if !r.skipLF || !r.blockDone || len(p) == 0 {
		return false
	}
	r.skipLF = false
	return p[0] == '\n'
}

// next reads p up to the end of the block and returns how far that was. Without
// ok p was read whole and the block goes on in the bytes to come.
func (r *sseReader) next(p []byte) (b block, n int, ok bool) {
	for n < len(p) {
		if r.skipLF {
			r.skipLF = false
			if p[n] == '\n' {
				n++
				if r.open.bytes > 0 {
					r.open.bytes++
				}
				continue
			}
		}
		end, found := lineEnd(p[n:])
		if !found {
			r.hold(p[n:])
			r.open.bytes += int64(len(p) - n)
			n = len(p)
			break
		}
		line, size := p[n:n+end], end+1
		if p[n+end] == '\r' {
			if n+size == len(p) {
				r.skipLF = true
			} else if p[n+size] == '\n' {
				size++
			}
		}
		n += size
		blank := end == 0 && len(r.line) == 0 && !r.longLine
		if blank {
			began := r.open.bytes > 0
			r.open.bytes += int64(size)
			r.blockDone = began
			b = r.close()
			if began {
				return b, n, true
			}
			continue
		}
		r.blockDone = false
		r.open.bytes += int64(size)
		r.endLine(line)
	}
	r.keep()
	return block{}, n, false
}

// rest ends the stream and returns the block that no blank line completed, if
// there is one.
func (r *sseReader) rest() (b block, ok bool) {
	if len(r.line) > 0 || r.longLine {
		r.endLine(nil)
	}
	ok = r.open.bytes > 0
	return r.close(), ok
}

// close ends the open block and returns it.
func (r *sseReader) close() block {
	b := r.open
	if r.owned {
		b.data = r.data
	}
	b.name = r.name
	r.open, r.owned = block{}, false
	r.data, r.name = r.data[:0], r.name[:0]
	return b
}

// hold keeps the start of a line.
func (r *sseReader) hold(part []byte) {
	if r.longLine || len(r.line)+len(part) > r.limit {
		r.longLine = true
		r.line = r.line[:0]
		return
	}
	r.line = append(r.line, part...)
}

// keep copies data that points into the caller's bytes, which are about to go.
func (r *sseReader) keep() {
	if r.open.hasData && !r.owned {
		r.data = append(r.data[:0], r.open.data...)
		r.open.data, r.owned = nil, true
	}
}

// endLine reads a line, the last part of which is tail.
func (r *sseReader) endLine(tail []byte) {
	line := tail
	whole := len(r.line) == 0
	if !whole || r.longLine {
		r.hold(tail)
		line = r.line
	}
	if r.longLine || len(line) > r.limit {
		r.open.tooLong, r.open.fields = true, true
	} else {
		r.field(line, whole)
	}
	r.line, r.longLine = r.line[:0], false
}

// field reads a line that is not blank. whole: it stands in the caller's bytes.
func (r *sseReader) field(line []byte, whole bool) {
	if line[0] == ':' {
		return
	}
	r.open.fields = true
	name, value, _ := bytes.Cut(line, []byte(":"))
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(name) {
	case "data":
		r.add(value, whole)
	case "event":
		r.name = append(r.name[:0], value[:min(len(value), maxName)]...)
	case "error":
		// Not of the standard, but what llama.cpp sent for years where others
		// send an event of that name.
		r.name = append(r.name[:0], name...)
		r.add(value, whole)
	}
}

// add appends a data line.
func (r *sseReader) add(value []byte, whole bool) {
	if !r.open.hasData {
		r.open.hasData = true
		if whole {
			r.open.data = value
			return
		}
		r.data, r.owned = append(r.data[:0], value...), true
		return
	}
	r.keep()
	if len(r.data)+1+len(value) > r.limit {
		r.open.tooLong = true
		return
	}
	r.data = append(append(r.data, '\n'), value...)
}

// lineEnd returns the place of the first CR or LF.
//
// It looks through windows because the two are searched one after the other:
// a stream of CRs alone must not be searched for an LF to its end at each line.
func lineEnd(p []byte) (end int, found bool) {
	const window = 512
	for off := 0; off < len(p); off += window {
		w := p[off:min(off+window, len(p))]
		lf := bytes.IndexByte(w, '\n')
		if lf >= 0 {
			w = w[:lf]
		}
		if cr := bytes.IndexByte(w, '\r'); cr >= 0 {
			return off + cr, true
		}
		if lf >= 0 {
			return off + lf, true
		}
	}
	return 0, false
}

func (r *sseReader) held() int64 { return int64(cap(r.line) + cap(r.data)) }
