package schema

import (
	"encoding/binary"
	"errors"
)

// thriftWalk steps through a struct in Thrift's compact protocol, which
// Parquet's footer and page headers are written in, and allocates nothing: that
// every length in it is one that its bytes can hold is known before a decoder
// believes them.
type thriftWalk struct {
	data []byte
	at   int
	// visit is told of each integer and bool field and of the number of items
	// of each list. The path is a 1 and the ids of the fields that lead there, 8
	// bits each, ff for the items of a list: 0x1_04_ff_01 is field 1 of the
	// structs in the list that is field 4.
	visit func(path uint64, kind byte, n int64) error
}

// walkThrift steps over the struct that data begins with and gives its length.
func walkThrift(data []byte, visit func(path uint64, kind byte, n int64) error) (int, error) {
	w := &thriftWalk{data: data, visit: visit}
	err := w.structure(1, 0)
	return w.at, err
}

// Types of the compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftI8     = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13
)

// unknownPath is where nobody looks: fields under it are unknown as well.
const unknownPath = ^uint64(0)

// under is the path of what lies under another.
func under(path, id uint64) uint64 {
	if path>>48 != 0 {
		return unknownPath
	}
	return path<<8 | id
}

// thriftDepth is how deep structs may nest; those of Parquet reach 7.
const thriftDepth = 16

var (
	errThriftShort   = errors.New("cut short")
	errThriftDamaged = errors.New("malformed")
)

// structure steps over a struct whose fields lie under path.
func (w *thriftWalk) structure(path uint64, depth int) error {
	if depth > thriftDepth {
		return errThriftDamaged
	}
	id := int16(0)
	for {
		head, err := w.byte()
		if err != nil {
			return err
		}
		kind := head & 0xf
		if kind == 0 {
			return nil
		}
		if delta := head >> 4; delta != 0 {
			id += int16(delta)
		} else {
			n, err := w.varint()
			if err != nil {
				return err
			}
			id = int16(n)
		}
		at := unknownPath
		if id >= 0 && id < 0xff {
			at = under(path, uint64(id))
		}
		switch kind {
		case thriftTrue, thriftFalse: // the value is in the type
			err = w.visit(at, thriftTrue, thriftFalse-int64(kind))
		default:
			err = w.value(at, kind, depth)
		}
		if err != nil {
			return err
		}
	}
}

// value steps over a field's value.
func (w *thriftWalk) value(path uint64, kind byte, depth int) error {
	switch kind {
	case thriftTrue, thriftFalse, thriftI8: // a bool in a list is a byte
		return w.skip(1)
	case thriftI16, thriftI32, thriftI64:
		n, err := w.varint()
		if err != nil {
			return err
		}
		return w.visit(path, kind, n)
	case thriftDouble:
		return w.skip(8)
	case thriftUUID:
		return w.skip(16)
	case thriftBinary:
		n, err := w.uvarint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case thriftList, thriftSet:
		return w.list(path, depth)
	case thriftMap:
		return w.pairs(path, depth)
	case thriftStruct:
		return w.structure(path, depth+1)
	}
	return errThriftDamaged
}

func (w *thriftWalk) list(path uint64, depth int) error {
	head, err := w.byte()
	if err != nil {
		return err
	}
	n := uint64(head >> 4)
	if n == 0xf {
		if n, err = w.uvarint(); err != nil {
			return err
		}
	}
	if n > uint64(len(w.data)-w.at) { // an item takes a byte at least
		return errThriftShort
	}
	if err := w.visit(path, thriftList, int64(n)); err != nil {
		return err
	}
	for range n {
		if err := w.item(under(path, 0xff), head&0xf, depth); err != nil {
			return err
		}
	}
	return nil
}

// item steps over an item of a list, set or map.
func (w *thriftWalk) item(path uint64, kind byte, depth int) error {
	if depth > thriftDepth {
		return errThriftDamaged
	}
	return w.value(path, kind, depth+1)
}

func (w *thriftWalk) pairs(path uint64, depth int) error {
	n, err := w.uvarint()
	if err != nil || n == 0 {
		return err
	}
	kinds, err := w.byte()
	if err != nil {
		return err
	}
	if n > uint64(len(w.data)-w.at) {
		return errThriftShort
	}
	for range n {
		if err := w.item(unknownPath, kinds>>4, depth); err != nil {
			return err
		}
		if err := w.item(unknownPath, kinds&0xf, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *thriftWalk) byte() (byte, error) {
	if w.at >= len(w.data) {
		return 0, errThriftShort
	}
	w.at++
	return w.data[w.at-1], nil
}

func (w *thriftWalk) skip(n uint64) error {
	if n > uint64(len(w.data)-w.at) {
		return errThriftShort
	}
	w.at += int(n)
	return nil
}

func (w *thriftWalk) uvarint() (uint64, error) {
	u, n := binary.Uvarint(w.data[w.at:])
	switch {
	case n == 0:
		return 0, errThriftShort
	case n < 0:
		return 0, errThriftDamaged
	}
	w.at += n
	return u, nil
}

// varint reads a zigzag number.
func (w *thriftWalk) varint() (int64, error) {
	u, err := w.uvarint()
	return int64(u>>1) ^ -int64(u&1), err
}
