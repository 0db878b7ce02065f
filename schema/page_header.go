package schema

import (
	"fmt"

	"github.com/parquet-go/parquet-go/format"
)

// pageHeader is what of a page's header sizes depend on. The fields of the three
// kinds of page that mean the same have one place.
type pageHeader struct {
	kind                 format.PageType
	size, stored         int64 // of the page, bytes: without and with the codec
	values               int64
	nulls                int64 // version 2
	encoding             format.Encoding
	repEncoding          format.Encoding // version 1
	defEncoding          format.Encoding
	repLength, defLength int64 // of the levels, bytes: version 2
	plain                bool  // the values are stored without the codec: version 2
	parts                int   // bit i: field i is there, which describes a page of one kind
}

func (h *pageHeader) set(path uint64, kind byte, n int64) error {
	isBool := path == 0x1_08_07
	if kind != thriftI32 && !isBool || kind != thriftTrue && isBool {
		return nil // parquet-go skips fields of another type
	}
	switch path {
	case 0x1_01:
		h.kind = format.PageType(n)
	case 0x1_02:
		h.size = n
	case 0x1_03:
		h.stored = n
	}
	if part := path >> 8; part == 0x1_05 || part == 0x1_07 || part == 0x1_08 {
		h.parts |= 1 << (part & 0xf)
	}
	switch path {
	case 0x1_05_01, 0x1_07_01, 0x1_08_01:
		h.values = n
	case 0x1_05_02, 0x1_07_02, 0x1_08_04:
		h.encoding = format.Encoding(n)
	case 0x1_05_03:
		h.defEncoding = format.Encoding(n)
	case 0x1_05_04:
		h.repEncoding = format.Encoding(n)
	case 0x1_08_02:
		h.nulls = n
	case 0x1_08_05:
		h.defLength = n
	case 0x1_08_06:
		h.repLength = n
	case 0x1_08_07:
		h.plain = n == 0
	}
	return nil
}

// header reads the page header at p.at, and moves past it.
func (p *pageCheck) header() (h pageHeader, err error) {
	for length := int64(1 << 12); ; length *= 16 { // long when its statistics are
		left := p.end - p.at
		data, err := p.file.bytes(p.at, min(length, left))
		if err != nil {
			return h, err
		}
		h = pageHeader{}
		n, err := walkThrift(data, h.set)
		if err == errThriftShort && length < left {
			continue
		}
		if err != nil {
			return h, fmt.Errorf("damaged header: %w", err)
		}
		p.at += int64(n)
		return h, nil
	}
}
