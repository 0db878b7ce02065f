package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow/go/v17/arrow"
)

// The Arrow reader believes every length that a message holds. checkMessage
// makes sure first that they lie inside the file, so that reading a batch takes
// at most twice its bytes in the journal, however it is damaged.

// Kinds of an Arrow IPC message that a journal has.
const (
	messageSchema = 1
	messageBatch  = 3
)

// batchMetadata is more than the metadata of any batch takes, bytes: a few
// kilobytes. That of a schema holds the footer of the file to be, of any length.
const batchMetadata = 1 << 20

// checkMessage checks the framing and the metadata of the message that begins at
// offset at of a journal. io.EOF says that no complete message is
// there, which is how a journal ends, torn or not.
func checkMessage(r *os.File, at int64, kind byte) error {
	info, err := r.Stat()
	if err != nil {
		return err
	}
	head, size := make([]byte, 8), info.Size()
	if size-at < 8 {
		return io.EOF
	}
	if _, err := r.ReadAt(head, at); err != nil {
		return err
	}
	mark, length := binary.LittleEndian.Uint32(head), int64(binary.LittleEndian.Uint32(head[4:]))
	switch {
	case mark == 0 || mark == 0xffffffff && length == 0: // an end mark, or blocks that never reached the disk
		return io.EOF
	case mark != 0xffffffff:
		return errors.New("not an Arrow IPC message; the journal is damaged")
	case length > batchMetadata && kind == messageBatch:
		return fmt.Errorf("metadata of %d bytes; the journal is damaged", length)
	case length > size-at-8:
		return io.EOF
	}
	data := make([]byte, length)
	if _, err := r.ReadAt(data, at+8); err != nil {
		return err
	}
	return checkMetadata(data, size-at-8-length, kind)
}

// checkMetadata checks a message's metadata; its body may have at most left bytes.
func checkMetadata(data []byte, left int64, kind byte) (err error) {
	defer func() {
		if p := recover(); p != nil { // an offset that leads out of data
			err = errors.New("damaged Arrow IPC metadata")
		}
	}()
	f := &flat{data: data, budget: len(data)}
	message := f.follow(0)
	body := int64(0)
	if at := f.field(message, 3); at != 0 {
		body = int64(binary.LittleEndian.Uint64(data[at:]))
	}
	header := f.field(message, 2)
	switch at := f.field(message, 1); {
	case body < 0:
		return errors.New("damaged Arrow IPC metadata: a body of negative length")
	case body > left:
		return io.EOF
	case at == 0 || header == 0 || data[at] != kind:
		return errors.New("not the Arrow IPC message that should be here; the journal is damaged")
	case kind == messageSchema:
		return f.checkFields(f.follow(header), 1, 0)
	}
	return f.checkBatch(f.follow(header), body)
}

// flat reads a FlatBuffer. It panics where an offset leads out of the data.
type flat struct {
	data []byte
	// budget is what may still be visited, bytes: parts that are told to stand
	// in many places would otherwise grow without end.
	budget int
}

func (f *flat) spend(n int) {
	if f.budget -= n; n < 0 || f.budget < 0 {
		panic("over budget")
	}
}

// follow gives the position that the offset at a position points to.
func (f *flat) follow(at int) int {
	f.spend(4)
	return at + int(binary.LittleEndian.Uint32(f.data[at:]))
}

// field gives the position of a table's field, 0 where the table lacks it.
func (f *flat) field(table, slot int) int {
	shape := table - int(int32(binary.LittleEndian.Uint32(f.data[table:])))
	if at := 4 + 2*slot; at < int(binary.LittleEndian.Uint16(f.data[shape:])) {
		if offset := int(binary.LittleEndian.Uint16(f.data[shape+at:])); offset != 0 {
			return table + offset
		}
	}
	return 0
}

// vector gives where a table's vector of items of size bytes begins, and their number.
func (f *flat) vector(table, slot, size int) (at, n int) {
	at = f.field(table, slot)
	if at == 0 {
		return 0, 0
	}
	at = f.follow(at)
	n = int(binary.LittleEndian.Uint32(f.data[at:]))
	f.spend(n * size)
	_ = f.data[at+4 : at+4+n*size]
	return at + 4, n
}

// checkFields checks the fields and metadata of a schema, or of a field.
func (f *flat) checkFields(table, fields, depth int) error {
	at, n := f.vector(table, fields, 4)
	for i := range n {
		field := f.follow(at + 4*i)
		f.vector(field, 0, 1) // its name
		kind := f.field(field, 2)
		switch {
		case kind == 0 || f.field(field, 4) != 0 || depth > 1:
			return errors.New("a journal has no such fields")
		case f.data[kind] == 10: // timestamp
			f.vector(f.follow(f.field(field, 3)), 1, 1)
		case f.data[kind] == 14 || f.data[kind] > 15: // unions and what came later
			return errors.New("a journal has no fields of such a type")
		}
		if err := f.checkFields(field, 5, depth+1); err != nil {
			return err
		}
	}
	slot := 2 // of the schema's metadata
	if depth > 0 {
		slot = 6
	}
	at, n = f.vector(table, slot, 4)
	for i := range n {
		pair := f.follow(at + 4*i)
		f.vector(pair, 0, 1)
		f.vector(pair, 1, 1)
	}
	return nil
}

// checkBatch checks that the buffers of a record batch lie in its body, one
// after another.
func (f *flat) checkBatch(table int, body int64) error {
	if f.field(table, 3) != 0 {
		return errors.New("a compressed batch, which no journal has")
	}
	nodes, buffers := 0, 0 // the Arrow reader takes as many, whether they are there or not
	for _, c := range columns() {
		n, b := parts(c.arrow.Type)
		nodes, buffers = nodes+n, buffers+b
	}
	if _, n := f.vector(table, 1, 16); n != nodes {
		return fmt.Errorf("%d arrays, not %d; the journal is damaged", n, nodes)
	}
	at, n := f.vector(table, 2, 16)
	if n != buffers {
		return fmt.Errorf("%d buffers, not %d; the journal is damaged", n, buffers)
	}
	end := int64(0)
	for i := range n {
		from := int64(binary.LittleEndian.Uint64(f.data[at+16*i:]))
		length := int64(binary.LittleEndian.Uint64(f.data[at+16*i+8:]))
		if from < end && length > 0 || length < 0 || length > body || from > body-length {
			return errors.New("buffers overlap or leave the message; the journal is damaged")
		}
		end = max(end, from+length)
	}
	return nil
}

// parts is the number of arrays and buffers that a column consists of.
func parts(t arrow.DataType) (arrays, buffers int) {
	switch t := t.(type) {
	case *arrow.ListType:
		arrays, buffers = parts(t.Elem())
		return arrays + 1, buffers + 2
	case *arrow.StringType, *arrow.BinaryType:
		return 1, 3
	}
	return 1, 2
}

// checkJournalSchema checks that a journal has the columns that its rows are
// read by.
func checkJournalSchema(s *arrow.Schema) error {
	cols := columns()
	if len(cols) != s.NumFields() {
		return fmt.Errorf("%d columns, not %d; seal it with the metron that wrote it", s.NumFields(), len(cols))
	}
	for i, c := range cols {
		if f := s.Field(i); f.Name != c.name || !arrow.TypeEqual(f.Type, c.arrow.Type) {
			return fmt.Errorf("column %d is %s %v, not %s %v; seal it with the metron that wrote it", i, f.Name, f.Type, c.name, c.arrow.Type)
		}
	}
	return nil
}

// checkArrays checks that the buffers of a batch hold what its arrays claim.
func checkArrays(b arrow.Record) error {
	for i, a := range b.Columns() {
		if err := checkArray(a.Data(), int(b.NumRows())); err != nil {
			return fmt.Errorf("column %s: %w; the journal is damaged", b.ColumnName(i), err)
		}
	}
	return nil
}

func checkArray(a arrow.ArrayData, n int) error {
	size := func(i int) int {
		if buffers := a.Buffers(); i < len(buffers) && buffers[i] != nil {
			return buffers[i].Len()
		}
		return 0
	}
	switch {
	case a.Len() != n || n < 0:
		return fmt.Errorf("%d values, not %d", a.Len(), n)
	case a.NullN() < 0 || a.NullN() > n || a.NullN() > 0 && size(0) < (n+7)/8:
		return fmt.Errorf("%d nulls of %d", a.NullN(), n)
	case n == 0:
		return nil
	}
	switch t := a.DataType().(type) {
	case *arrow.ListType:
		end, err := checkOffsets(a, n)
		if child := a.Children()[0]; err != nil || child.Len() < end {
			return errors.Join(err, fmt.Errorf("lists of %d elements, not %d", child.Len(), end))
		}
		return checkArray(a.Children()[0], a.Children()[0].Len())
	case *arrow.StringType, *arrow.BinaryType:
		end, err := checkOffsets(a, n)
		if err != nil || end > size(2) {
			return errors.Join(err, fmt.Errorf("%d bytes of text, not %d", size(2), end))
		}
	case arrow.FixedWidthDataType:
		if size(1) < (n*t.BitWidth()+7)/8 {
			return fmt.Errorf("%d values in %d bytes", n, size(1))
		}
	}
	return nil
}

// checkOffsets checks the offsets of lists or texts and gives the last one.
func checkOffsets(a arrow.ArrayData, n int) (end int, err error) {
	buffer := a.Buffers()[1]
	if buffer == nil || buffer.Len() < 4*(n+1) {
		return 0, errors.New("offsets are missing")
	}
	offsets := arrow.Int32Traits.CastFromBytes(buffer.Bytes())[:n+1]
	for i, o := range offsets {
		if o < 0 || i > 0 && o < offsets[i-1] {
			return 0, errors.New("offsets run backwards")
		}
	}
	return int(offsets[n]), nil
}
