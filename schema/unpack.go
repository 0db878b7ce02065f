package schema

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
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

// unpacker decompresses pages and stops where they are longer than they should be.
type unpacker struct {
	page []byte // decompressed last
	zstd *zstd.Decoder
}

// unpackRatio is the most that a codec makes of a byte: zstd has blocks of
// 128 KiB in four.
const unpackRatio = 1 << 15

// decode gives the size bytes that data makes, valid until the next call.
func (u *unpacker) decode(codec format.CompressionCodec, data []byte, size int) (page []byte, err error) {
	if size > len(data)*unpackRatio {
		return nil, fmt.Errorf("%d bytes cannot make %d; the file is damaged", len(data), size)
	}
	if cap(u.page) <= size {
		u.page = make([]byte, size+1) // one more, for zstd and gzip to go over
	}
	switch codec {
	case format.Snappy:
		n := 0
		if n, err = snappy.DecodedLen(data); err == nil && n == size { // it allocates as much
			page, err = snappy.Decode(u.page[:size], data)
		}
	case format.Zstd:
		if u.zstd == nil {
			if u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true)); err != nil {
				return nil, err
			}
		}
		page, err = u.zstd.DecodeAll(data, u.page[:0:size+1])
	case format.Gzip:
		var r *gzip.Reader
		if r, err = gzip.NewReader(bytes.NewReader(data)); err == nil {
			n := 0
			n, err = io.ReadFull(r, u.page[:size+1])
			page = u.page[:n]
			if err == io.ErrUnexpectedEOF || err == io.EOF { // as it should be
				err = nil
			}
		}
	}
	if err == nil && len(page) != size {
		err = fmt.Errorf("not the %d bytes that the header says; the file is damaged", size)
	}
	return page, err
}
