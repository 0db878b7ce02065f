package wire

import (
	"sync"
	"unsafe"
)

// entry is one event.
type entry struct {
	at     int64
	tokens [sources]int32
	read   int32
	bytes  int32
	choice int16
	kind   Kind
}

// entryBlock is so many entries that it fills a size class of Go's allocator.
type entryBlock [32]entry

// entryBlocks has those that no list needs any more. Thousands of answers grow at once, and
// a slice that doubles would leave twice of what it holds to the collector.
var entryBlocks = sync.Pool{New: func() any { return new(entryBlock) }}

// entryList is a list that is never copied as it grows.
type entryList struct {
	blocks []*entryBlock
	last   *entryBlock // of blocks, which need not be fetched for it
	n      int
}

func (l *entryList) add(e entry) {
	at := l.n % len(entryBlock{})
	if at == 0 {
		l.last = entryBlocks.Get().(*entryBlock)
		l.blocks = append(l.blocks, l.last)
	}
	l.last[at] = e
	l.n++
}

// at is the i-th entry, to read or change.
func (l *entryList) at(i int) *entry {
	return &l.blocks[i/len(entryBlock{})][i%len(entryBlock{})]
}

// free empties the list; no entry of it is looked at any more.
func (l *entryList) free() {
	for _, b := range l.blocks {
		entryBlocks.Put(b)
	}
	*l = entryList{}
}

// held is how many bytes the list takes.
func (l *entryList) held() int64 { return int64(len(l.blocks)) * int64(unsafe.Sizeof(entryBlock{})) }
