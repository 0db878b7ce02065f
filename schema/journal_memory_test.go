package schema

import (
	"bytes"
	"testing"
)

func TestJournalMemory(t *testing.T) {
	m := &journalMemory{}
	for _, size := range []int{1, 63, 64, 65, 4096, 1 << mostPiece, 1<<mostPiece + 1} {
		b := m.Allocate(size)
		for i := range b {
			b[i] = 0xff
		}
		bigger := m.Reallocate(3*size, b)
		if len(b) != size || len(bigger) != 3*size || !bytes.Equal(bigger[:size], bytes.Repeat([]byte{0xff}, size)) {
			t.Errorf("%d bytes became %d: they are not the same", len(b), len(bigger))
		}
		m.Free(bigger)
		again := m.Allocate(3 * size)
		if cap(bigger) <= 1<<mostPiece && &again[0] != &bigger[0] {
			t.Errorf("%d bytes that were given back are not used again", len(again))
		}
		if bytes.IndexByte(again, 0xff) >= 0 {
			t.Errorf("%d bytes hold what was there before", len(again))
		}
	}
	m.Free(m.Allocate(0))
}

// TestBatchesShareMemory: a journal's batches follow one another in the same memory.
func TestBatchesShareMemory(t *testing.T) {
	w, _ := create(t)
	defer w.Abandon()
	m := w.journal.memory
	pieces := func() (n int) {
		for _, free := range m.free {
			n += len(free)
		}
		return n
	}
	batch := func() {
		for i := range 100 {
			r := row(int64(i))
			r.ChunkTime, r.ChunkKind = make([]int64, 100), make([]int8, 100)
			put(t, w, r)
		}
		flush(w)
	}
	batch()
	free := pieces()
	for range 5 {
		batch()
	}
	if got := pieces(); free == 0 || got != free {
		t.Errorf("%d pieces are free after the sixth batch, %d after the first", got, free)
	}
}
