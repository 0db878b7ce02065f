package capture

import (
	"sync"
	"unsafe"
)

// Sizes of a slab. At 70,000 events a second one fills in some 15 ms, and four of them
// wake the recorder; at 5,000 the clock does.
const (
	slabBytes = 256 << 10
	slabItems = slabBytes / meanPart
	meanPart  = 256 // bytes that a slab has for a part: an event has about as many
	slabsWake = 4   // that are full
	slabsKept = 8   // that are empty and wait for their next use
)

// partCost is what a part of n bytes takes of the budget: its share of a slab,
// which is full when either its bytes or its items are.
func partCost(n int) int64 { return int64(max(n, meanPart)) + int64(unsafe.Sizeof(item{})) }

// queue carries what passed to the recorder. Whoever forwards traffic appends to
// a slab under a mutex, which takes a copy of the bytes and nothing else: no
// allocation, no wake-up, no waiting. The recorder takes whole slabs, by the
// clock or woken by some that are full.
//
// Note: a channel of parts costs an allocation, a lock and mostly a wake-up of
// the recorder for every token.
type queue struct {
	budget *budget
	wake   chan struct{} // it is time to take what is full

	mu      sync.Mutex // guards what follows
	filling *slab
	full    []*slab
	empty   []*slab
}

// slab is a run of parts of many exchanges, in the order in which they passed.
type slab struct {
	bytes []byte // of the items, one behind the other
	items []item
	cost  int64 // of the budget
}

// item is a part of an exchange. What a part has beside bytes stands in its
// flight.
type item struct {
	flight *flight
	data   []byte // the slab's own
	atUS   int64
	read   int32
	kind   partKind

	first bool  // of its flight, in the slabs that each looks at
	next  *item // of its flight, in those
}

type partKind int8

const (
	partBegin partKind = iota
	partHead
	partBody
	partEnd
)

func newQueue(b *budget) *queue { return &queue{budget: b, wake: make(chan struct{}, 1)} }

// put appends a part, and reports whether there was room for it; one that must go in
// always finds room.
func (q *queue) put(it item, data []byte, must bool) bool {
	cost := partCost(len(data))
	if !q.budget.take(cost, must) {
		return false
	}
	q.mu.Lock()
	s := q.filling
	if s == nil || len(s.items) == cap(s.items) || len(s.bytes)+len(data) > cap(s.bytes) {
		s = q.next(len(data))
	}
	at := len(s.bytes)
	s.bytes = append(s.bytes, data...)
	it.data = s.bytes[at:len(s.bytes):len(s.bytes)]
	s.items = append(s.items, it)
	s.cost += cost
	q.mu.Unlock()
	return true
}

// next begins a slab with room for n bytes, and wakes the recorder for those
// before it. It runs with mu held.
func (q *queue) next(n int) *slab {
	if q.filling != nil {
		if q.full = append(q.full, q.filling); len(q.full) >= slabsWake || q.budget.tooFullForContent() {
			select {
			case q.wake <- struct{}{}:
			default:
			}
		}
	}
	if last := len(q.empty) - 1; last >= 0 && n <= slabBytes {
		q.filling, q.empty = q.empty[last], q.empty[:last]
	} else {
		q.filling = &slab{bytes: make([]byte, 0, max(n, slabBytes)), items: make([]item, 0, slabItems)}
	}
	return q.filling
}

// swap takes what is there, the oldest slab first.
func (q *queue) swap(into []*slab) []*slab {
	q.mu.Lock()
	defer q.mu.Unlock()
	into = append(into, q.full...)
	clear(q.full)
	q.full = q.full[:0]
	if q.filling != nil && len(q.filling.items) > 0 {
		into = append(into, q.filling)
		q.filling = nil
	}
	return into
}

// recycle gives a slab back whose parts are no longer needed.
func (q *queue) recycle(s *slab) {
	q.budget.give(s.cost)
	clear(s.items) // they hold flights
	s.bytes, s.items, s.cost = s.bytes[:0], s.items[:0], 0
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.empty) < slabsKept && cap(s.bytes) == slabBytes {
		q.empty = append(q.empty, s)
	}
}

// each hands over the parts of slabs: those of one flight together, so that what is
// known of it is fetched from memory once, where its first part stands; but its end in
// its own place. Beginnings and ends thus keep the order in which they passed, by which
// it is known whose answer a request can go on from.
func each(slabs []*slab, take func(it *item)) {
	for _, s := range slabs {
		for i := range s.items {
			it := &s.items[i]
			if before := it.flight.latest; before != nil {
				before.next = it
			} else {
				it.first = true
			}
			it.flight.latest = it
		}
	}
	for _, s := range slabs {
		for i := range s.items {
			it := &s.items[i]
			if it.first {
				it.flight.latest = nil
				for part := it; part != nil && part.kind != partEnd; part = part.next {
					take(part)
				}
			}
			if it.kind == partEnd {
				take(it)
			}
		}
	}
}
