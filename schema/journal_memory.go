package schema

import mathbits "math/bits"

// journalMemory is what the batches of one journal are built in, one after the other: what a
// batch gives back the next one takes, where Go's allocator would leave several times the
// bytes of the rows to the collector. It is not safe for concurrent use.
type journalMemory struct {
	free [mostPiece + 1][][]byte // pieces of 1<<class bytes
}

const (
	leastPiece = 6  // class of the smallest piece
	mostPiece  = 18 // of the biggest that is kept: batches with long bodies are rare
)

func (m *journalMemory) Allocate(size int) []byte {
	class := max(leastPiece, mathbits.Len(uint(size-1)))
	if size == 0 || class > mostPiece {
		return make([]byte, size)
	}
	if n := len(m.free[class]); n > 0 {
		b := m.free[class][n-1]
		m.free[class] = m.free[class][:n-1]
		clear(b) // a value that is null is written as it lies there
		return b[:size]
	}
	return make([]byte, 1<<class)[:size]
}

func (m *journalMemory) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	bigger := m.Allocate(size)
	copy(bigger, b)
	m.Free(b)
	return bigger
}

func (m *journalMemory) Free(b []byte) {
	class := mathbits.Len(uint(cap(b))) - 1
	if class >= leastPiece && class <= mostPiece && cap(b) == 1<<class {
		m.free[class] = append(m.free[class], b[:cap(b)])
	}
}
