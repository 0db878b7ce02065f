package schema

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// leaf gathers the values of one column, page by page; slots without one get a zero.
type leaf interface {
	reserve(n int, l *lease) // room for n values
	add(page parquet.Page, s slots)
	data(l *levels) arrow.ArrayData
}

// newLeaf chooses the leaf for an Arrow type stored as a Parquet kind.
func newLeaf(t arrow.DataType, kind parquet.Kind) (leaf, error) {
	want := map[arrow.Type]parquet.Kind{
		arrow.INT64: parquet.Int64, arrow.TIMESTAMP: parquet.Int64, arrow.INT32: parquet.Int32, arrow.INT16: parquet.Int32,
		arrow.INT8: parquet.Int32, arrow.FLOAT64: parquet.Double, arrow.BOOL: parquet.Boolean,
		arrow.STRING: parquet.ByteArray, arrow.BINARY: parquet.ByteArray, arrow.FIXED_SIZE_BINARY: parquet.FixedLenByteArray,
	}[t.ID()]
	if kind != want {
		return nil, fmt.Errorf("stored as %v, not %v; it is damaged or not ours", kind, want)
	}
	int64s := func(v encoding.Values) []int64 { return v.Int64() }
	int32s := func(v encoding.Values) []int32 { return v.Int32() }
	switch t.ID() {
	case arrow.INT64, arrow.TIMESTAMP:
		return &fixed[int64, int64]{t: t, source: int64s, bytes: arrow.Int64Traits.CastToBytes}, nil
	case arrow.INT32:
		return &fixed[int32, int32]{t: t, source: int32s, bytes: arrow.Int32Traits.CastToBytes}, nil
	case arrow.INT16:
		return &fixed[int32, int16]{t: t, source: int32s, bytes: arrow.Int16Traits.CastToBytes}, nil
	case arrow.INT8:
		return &fixed[int32, int8]{t: t, source: int32s, bytes: arrow.Int8Traits.CastToBytes}, nil
	case arrow.FLOAT64:
		return &fixed[float64, float64]{t: t, source: func(v encoding.Values) []float64 { return v.Double() }, bytes: arrow.Float64Traits.CastToBytes}, nil
	case arrow.BOOL:
		return &bits{}, nil
	case arrow.FIXED_SIZE_BINARY:
		return &wide{width: t.(*arrow.FixedSizeBinaryType).ByteWidth, t: t}, nil
	}
	return &varied{t: t}, nil
}

// slots says which slots of a page hold a value.
type slots struct {
	stored  int    // values that the page stores
	present []byte // one a slot, 1: the next stored value; nil: each slot has one
}

// each calls take(i) for the slot of the i-th stored value, skip for one without.
func (s slots) each(take func(i int), skip func()) {
	if s.present == nil {
		for i := range s.stored {
			take(i)
		}
		return
	}
	i := 0
	for _, level := range s.present {
		if level == 1 { // optional columns of ours are never nested
			take(i)
			i++
		} else {
			skip()
		}
	}
}

// number is a Parquet or Arrow number.
type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~float64
}

// fixed gathers numbers stored as P and held as A.
type fixed[P, A number] struct {
	t      arrow.DataType
	source func(encoding.Values) []P
	bytes  func([]A) []byte
	values []A
}

func (f *fixed[P, A]) reserve(n int, l *lease) { f.values = room[A](l, n) }

func (f *fixed[P, A]) add(page parquet.Page, s slots) {
	data := page.Data()
	if d := page.Dictionary(); d != nil {
		dict, index := f.source(d.Page().Data()), data.Int32()
		if s.present == nil {
			for _, i := range index {
				f.values = append(f.values, A(dict[i]))
			}
			return
		}
		s.each(func(i int) { f.values = append(f.values, A(dict[index[i]])) }, func() { f.values = append(f.values, 0) })
		return
	}
	stored := f.source(data)
	if s.present == nil {
		if same, ok := any(stored).([]A); ok {
			f.values = append(f.values, same...)
			return
		}
		for _, v := range stored {
			f.values = append(f.values, A(v))
		}
		return
	}
	s.each(func(i int) { f.values = append(f.values, A(stored[i])) }, func() { f.values = append(f.values, 0) })
}

func (f *fixed[P, A]) data(l *levels) arrow.ArrayData {
	return array.NewData(f.t, len(f.values), []*memory.Buffer{l.validity(), memory.NewBufferBytes(f.bytes(f.values))}, nil, l.nulls, 0)
}

// bits gathers booleans.
type bits struct {
	values []byte
	n      int
}

func (b *bits) reserve(int, *lease) {}

func (b *bits) add(page parquet.Page, s slots) {
	data := page.Data()
	stored := data.Boolean()
	push := func(v bool) {
		if b.n%8 == 0 {
			b.values = append(b.values, 0)
		}
		bitutil.SetBitTo(b.values, b.n, v)
		b.n++
	}
	s.each(func(i int) { push(bitutil.BitIsSet(stored, i)) }, func() { push(false) })
}

func (b *bits) data(l *levels) arrow.ArrayData {
	return array.NewData(arrow.FixedWidthTypes.Boolean, b.n, []*memory.Buffer{l.validity(), memory.NewBufferBytes(b.values)}, nil, l.nulls, 0)
}

// wide gathers values of a fixed number of bytes.
type wide struct {
	t      arrow.DataType
	width  int
	values []byte
}

// reserve makes new memory: values are referred to after their batch was used.
func (w *wide) reserve(n int, _ *lease) { w.values = make([]byte, 0, n*w.width) }

func (w *wide) add(page parquet.Page, s slots) {
	var at func(i int) []byte
	if d := page.Dictionary(); d != nil {
		words, data := d.Page().Data(), page.Data()
		dict, _ := words.FixedLenByteArray()
		index := data.Int32()
		at = func(i int) []byte { return dict[int(index[i])*w.width:][:w.width] }
	} else {
		data := page.Data()
		stored, _ := data.FixedLenByteArray()
		at = func(i int) []byte { return stored[i*w.width:][:w.width] }
	}
	zero := make([]byte, w.width)
	s.each(func(i int) { w.values = append(w.values, at(i)...) }, func() { w.values = append(w.values, zero...) })
}

func (w *wide) data(l *levels) arrow.ArrayData {
	return array.NewData(w.t, len(w.values)/w.width, []*memory.Buffer{l.validity(), memory.NewBufferBytes(w.values)}, nil, l.nulls, 0)
}

// varied gathers strings and byte slices.
type varied struct {
	t       arrow.DataType
	values  []byte
	offsets []int32
}

// reserve makes no room for the values: strings refer to them after their batch was used.
func (b *varied) reserve(n int, l *lease) { b.offsets = append(room[int32](l, n+1), 0) }

func (b *varied) add(page parquet.Page, s slots) {
	var at func(i int) []byte
	if d := page.Dictionary(); d != nil {
		words, data := d.Page().Data(), page.Data()
		dict, offsets := words.ByteArray()
		index := data.Int32()
		at = func(i int) []byte { k := index[i]; return dict[offsets[k]:offsets[k+1]] }
	} else {
		data := page.Data()
		stored, offsets := data.ByteArray()
		at = func(i int) []byte { return stored[offsets[i]:offsets[i+1]] }
	}
	end := func() {
		if len(b.values) > maxText { // a dictionary can say it in a kilobyte
			panic("over 1 GiB of text in a row group; write it anew with smaller ones")
		}
		b.offsets = append(b.offsets, int32(len(b.values)))
	}
	size := 0
	for i := range s.stored {
		size += len(at(i))
	}
	b.values = slices.Grow(b.values, min(size, maxText))
	s.each(func(i int) { b.values = append(b.values, at(i)...); end() }, end)
}

func (b *varied) data(l *levels) arrow.ArrayData {
	return array.NewData(b.t, len(b.offsets)-1,
		[]*memory.Buffer{l.validity(), memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(b.offsets)), memory.NewBufferBytes(b.values)}, nil, l.nulls, 0)
}
