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
		if n, e := snappy.DecodedLen(data); e != nil || n != size { // it would allocate as much
			return nil, fmt.Errorf("not the %d bytes that the header says; the file is damaged", size)
		}
		page, err = snappy.Decode(u.page[:size], data)
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
