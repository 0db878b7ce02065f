package schema

import (
	"sync"
	"unsafe"
)

// recycler hands the memory of batches that were consumed to those that are
// read next: clearing and faulting in new memory costs half of a fast scan.
type recycler struct {
	mu   sync.Mutex
	free [][]byte
}

// lease is memory that one batch uses. A nil lease is new memory each time.
type lease struct {
	from  *recycler
	taken [][]byte
}

// lease begins one; of a nil recycler it is nil.
func (r *recycler) lease() *lease {
	if r == nil {
		return nil
	}
	return &lease{from: r}
}

// room gives an empty slice with room for n values.
func room[T any](l *lease, n int) []T {
	var zero T
	size := n * int(unsafe.Sizeof(zero))
	if l == nil || size == 0 {
		return make([]T, 0, n)
	}
	b := l.from.take(size)
	l.taken = append(l.taken, b)
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)[:0]
}

// end gives the memory back; nothing may refer to it any more.
func (l *lease) end() {
	if l == nil {
		return
	}
	l.from.mu.Lock()
	defer l.from.mu.Unlock()
	if len(l.from.free) > 64 { // a file of very uneven groups
		l.from.free = nil
	}
	l.from.free = append(l.from.free, l.taken...)
	l.taken = nil
}

// take finds memory that fits without waste, or makes some with room to fit
// the next, somewhat larger batch.
func (r *recycler) take(size int) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, b := range r.free {
		if cap(b) >= size && cap(b) <= 2*size {
			last := len(r.free) - 1
			r.free[i] = r.free[last]
			r.free = r.free[:last]
			return b[:size]
		}
	}
	words := make([]uint64, (size+size/8)/8+1) // aligned for any number
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))[:size]
}
