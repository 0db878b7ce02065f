package wire

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// maxInflated bounds what one body may inflate to; the longest stream of a
// million events is far below it.
const maxInflated = 1 << 30

// maxWindow is what RFC 9659 lets a sender of zstd ask of a reader.
const maxWindow = 8 << 20

// contentCodings are the codings that a body was put through, the first one
// applied first; false: one of them is not known.
func contentCodings(h http.Header) (codings []string, ok bool) {
	for name := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "", "identity":
		case "gzip", "x-gzip", "deflate", "br", "zstd":
			codings = append(codings, name)
		default:
			return nil, false
		}
	}
	return codings, len(codings) <= 2 // nobody applies more, and each costs its window
}

// inflater undoes the codings of a body as its bytes come: what each read makes
// readable is given out before the next one is taken, so that events keep the
// stamp of the read that completed them.
//
// The readers of the codings pull. They run in a coroutine, which stands still
// whenever they ask for bytes that have not come yet.
type inflater struct {
	codings []string
	window  int64 // that the first frame of zstd asks for; 0: it has not come

	in    []byte // what came and was not asked for yet
	ended bool   // no more will come
	next  func() (out []byte, more bool)
	stop  func()
	size  int64
	done  bool
	err   error
}

func newInflater(codings []string) *inflater {
	f := &inflater{codings: codings}
	f.next, f.stop = iter.Pull(func(yield func([]byte) bool) { f.err = f.run(codings, yield) })
	return f
}

// run gives out what it inflates, and nil when it needs bytes.
func (f *inflater) run(codings []string, yield func([]byte) bool) error {
	need := func() bool { return !f.ended && yield(nil) }
	var r io.Reader = &source{f, need}
	for i := len(codings) - 1; i >= 0; i-- {
		decoded, err := f.decoderOf(codings[i], r)
		if err != nil {
			return err
		}
		defer decoded.Close()
		r = decoded
	}
	for buf := make([]byte, 16<<10); ; {
		n, err := r.Read(buf)
		if f.size += int64(n); f.size > maxInflated {
			return errors.New("inflates without end")
		}
		if n > 0 && !yield(buf[:n]) || err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// feed takes bytes of one read and gives out what they make readable.
func (f *inflater) feed(p []byte, out func([]byte)) error {
	defer func() { f.in = nil }() // all of it is read, or stands behind the end
	for f.in = p; !f.done; {
		q, more := f.next()
		switch {
		case !more:
			f.done = true
			return f.err
		case q == nil:
			return nil
		}
		out(q)
	}
	return nil // what stands behind the end of the coding is nothing
}

// close ends the body and gives out what was held back. A coding that the end
// cuts short is no fault of its own: the events tell.
func (f *inflater) close(out func([]byte)) error {
	f.ended = true
	err := f.feed(nil, out)
	f.stop()
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// source is where the coroutine reads what came.
type source struct {
	*inflater
	need func() bool // stands still until there is more; false: there will be none
}

func (s *source) Read(p []byte) (int, error) {
	for len(s.in) == 0 {
		if !s.need() {
			s.ended = true
			return 0, io.ErrUnexpectedEOF
		}
	}
	n := copy(p, s.in)
	s.in = s.in[n:]
	return n, nil
}

// held is about what the readers of the codings hold, as it was measured: zstd's
// take their window at once, brotli's as it fills.
func (f *inflater) held() (n int64) {
	for _, coding := range f.codings {
		switch coding {
		case "br":
			n += 80<<10 + min(f.size, 16<<20)
		case "zstd":
			n += 192<<10 + f.window + min(f.window, 1<<20)
		default:
			n += 64 << 10
		}
	}
	return n
}

// decoderOf undoes one coding.
func (f *inflater) decoderOf(coding string, r io.Reader) (io.ReadCloser, error) {
	switch coding {
	case "br":
		return io.NopCloser(brotli.NewReader(r)), nil
	case "zstd":
		b := bufio.NewReader(r)
		f.window = windowOf(b)
		d, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case "deflate":
		return inflateDeflate(r)
	case "gzip", "x-gzip":
		return gzip.NewReader(r)
	}
	return nil, fmt.Errorf("content coding %q is not known", coding)
}

// windowOf is the window that a body in zstd begins by asking for; 0: what is wrong
// with it the reader will tell.
func windowOf(b *bufio.Reader) int64 {
	for n := 1; n <= zstd.HeaderMaxSize; n++ { // no byte more than the header has: they may not have come
		p, err := b.Peek(n)
		if err != nil {
			return 0
		}
		var h zstd.Header
		if err := h.Decode(p); errors.Is(err, io.ErrUnexpectedEOF) {
			continue
		}
		if h.SingleSegment {
			h.WindowSize = h.FrameContentSize
		}
		return int64(min(h.WindowSize, maxWindow))
	}
	return 0
}

// inflateDeflate reads zlib's form, which HTTP names, or the bare one, which
// some servers send under that name.
func inflateDeflate(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}
