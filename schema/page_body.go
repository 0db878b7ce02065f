package schema

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/format"
)

// pageBody is what follows a page's header: in the file, or once it was
// decompressed in memory.
type pageBody struct {
	p       *pageCheck
	at, end int64
	data    []byte // decompressed, what was not taken yet
	memory  bool   // read data, not the file
}

func (b *pageBody) left() int64 {
	if b.memory {
		return int64(len(b.data))
	}
	return b.end - b.at
}

// peek gives the next n bytes, valid until the next call.
func (b *pageBody) peek(n int64) ([]byte, error) {
	switch {
	case n > b.left():
		return nil, io.ErrUnexpectedEOF
	case b.memory:
		return b.data[:n], nil
	}
	return b.p.file.bytes(b.at, n)
}

// take gives the next n bytes and moves past them.
func (b *pageBody) take(n int64) ([]byte, error) {
	data, err := b.peek(n)
	switch {
	case err != nil:
	case b.memory:
		b.data = b.data[n:]
	default:
		b.at += n
	}
	return data, err
}

// decompress decompresses the rest, which must make size bytes.
func (b *pageBody) decompress(size int64) error {
	if b.p.codec == format.Uncompressed {
		return nil
	}
	stored, err := b.take(b.left())
	if err != nil {
		return err
	}
	if b.data, err = b.p.unpack.decode(b.p.codec, stored, int(size)); err != nil {
		return fmt.Errorf("decompress by %v: %w", b.p.codec, err)
	}
	b.memory = true
	return nil
}

// window reads pieces of a file, a few kilobytes at once.
type window struct {
	r    io.ReaderAt
	end  int64 // where reading must stop
	at   int64
	data []byte
}

// bytes gives the n bytes at an offset, valid until the next call.
func (w *window) bytes(at, n int64) ([]byte, error) {
	if at < w.at || at+n > w.at+int64(len(w.data)) {
		length := min(max(n, 1<<12), w.end-at)
		if n > length {
			return nil, io.ErrUnexpectedEOF
		}
		if int64(cap(w.data)) < length {
			w.data = make([]byte, length)
		}
		w.at, w.data = at, w.data[:length]
		if _, err := w.r.ReadAt(w.data, at); err != nil {
			w.data = w.data[:0]
			return nil, err
		}
	}
	return w.data[at-w.at:][:n], nil
}
