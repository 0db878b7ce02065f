package prefixcache

import (
	"math/bits"
	"slices"
)

// stack is the list of blocks by their latest use. Its order is that of slots: each
// use takes the next free one, and a Fenwick tree counts those in use behind a
// block's. So distance and touch cost the logarithm of the number of blocks.
type stack struct {
	slot map[int64]int32 // of each block
	tree []int32         // over slots, from 1
	next int32           // slot that is free
}

const firstSlots = 1 << 10

func (s *stack) live() int64 { return int64(len(s.slot)) }

// distance is the size of the smallest cache that still has the block, 0 where
// none has.
func (s *stack) distance(block int64) int64 {
	slot, ok := s.slot[block]
	if !ok {
		return 0
	}
	older := int64(0) // blocks whose latest use is not after this one's, itself included
	for i := slot; i > 0; i &= i - 1 {
		older += int64(s.tree[i])
	}
	return s.live() - older + 1
}

// touch makes the block the latest used.
func (s *stack) touch(block int64) {
	if int(s.next) >= len(s.tree) {
		s.renumber()
	}
	if slot, ok := s.slot[block]; ok {
		s.count(slot, -1)
	}
	s.slot[block] = s.next
	s.count(s.next, 1)
	s.next++
}

func (s *stack) count(slot, by int32) {
	for i := slot; int(i) < len(s.tree); i += i & -i {
		s.tree[i] += by
	}
}

// renumber gives the blocks in use the first slots, and leaves at least as many free.
func (s *stack) renumber() {
	if s.slot == nil {
		s.slot = map[int64]int32{}
	}
	type use struct {
		block int64
		slot  int32
	}
	uses := make([]use, 0, len(s.slot))
	for block, slot := range s.slot {
		uses = append(uses, use{block, slot})
	}
	slices.SortFunc(uses, func(a, b use) int { return int(a.slot) - int(b.slot) })
	s.tree = make([]int32, max(firstSlots, 1<<bits.Len(uint(2*len(uses)))))
	for i, u := range uses {
		s.slot[u.block] = int32(i + 1)
		s.tree[i+1] = 1
	}
	for i := 1; i < len(s.tree); i++ {
		if up := i + i&-i; up < len(s.tree) {
			s.tree[up] += s.tree[i]
		}
	}
	s.next = int32(len(uses) + 1)
}
