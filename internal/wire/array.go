package wire

// arrayReader splits a body that is one JSON array into its objects, as they
// come: Gemini streams so where it is not asked for events. Like the other
// readers it is pushed bytes however they are cut. What stands between two
// objects counts to the second.
type arrayReader struct {
	limit  int
	object []byte // an object whose end was not read yet, where it began in earlier bytes
	bytes  int64  // its length as sent, with what stands before it
	depth  int    // 1: between objects
	text   bool   // inside a string
	escape bool   // behind its backslash
	long   bool   // the object went over the limit: its rest is passed over
}

// arrayed reports whether the answer to a request is an array that comes
// object by object.
func arrayed(req Request) bool { return req.Stream && req.API == apiGemini }

// next reads p up to the end of an object and returns how far that was. Without
// ok p was read whole and the object goes on in the bytes to come.
func (r *arrayReader) next(p []byte) (b block, n int, ok bool) {
	start := 0
	for n < len(p) {
		if r.text {
			n += r.readText(p[n:])
			continue
		}
		c := p[n]
		n++
		switch c {
		case '"':
			r.text = true
		case '{', '[':
			if r.depth++; r.depth == 2 {
				start = n - 1
			}
		case '}', ']':
			if r.depth--; r.depth == 1 {
				r.bytes += int64(n)
				return r.close(p[start:n]), n, true
			}
			r.depth = max(r.depth, 0)
		}
	}
	r.bytes += int64(len(p))
	if r.depth > 1 {
		r.hold(p[start:])
	}
	return block{}, n, false
}

// readText reads on in a string and returns how far.
func (r *arrayReader) readText(p []byte) int {
	if r.escape {
		r.escape = false
		return 1
	}
	n := plain(p)
	if n == len(p) {
		return n
	}
	r.text = p[n] != '"'
	r.escape = p[n] == '\\'
	return n + 1
}

// rest ends the body and returns what is left of an object that nothing ended.
func (r *arrayReader) rest() (b block, ok bool) {
	if r.depth < 2 {
		return block{}, false
	}
	return r.close(nil), true
}

func (r *arrayReader) close(tail []byte) block {
	object := tail
	if len(r.object) > 0 || r.long || len(tail) > r.limit {
		r.hold(tail)
		object = r.object
	}
	b := block{bytes: r.bytes, fields: true, tooLong: r.long, hasData: !r.long, data: object}
	r.object, r.bytes, r.long = r.object[:0], 0, false
	return b
}

// hold keeps a part of an object.
func (r *arrayReader) hold(part []byte) {
	if r.long || len(r.object)+len(part) > r.limit {
		r.long = true
		r.object = r.object[:0]
		return
	}
	r.object = append(r.object, part...)
}

func (r *arrayReader) held() int64 { return int64(cap(r.object)) }
