package llmsim

import (
	"container/list"

	"metron/internal/splitmix"
)

// BlockHashes returns the chained hash of every full block of a prompt: equal
// hashes mean equal blocks after equal beginnings.
func BlockHashes(tokens []int64, blockTokens int) []uint64 {
	hashes := make([]uint64, 0, len(tokens)/blockTokens)
	var h uint64
	for len(tokens) >= blockTokens {
		h = hashTokens(h+1, tokens[:blockTokens])
		hashes = append(hashes, h)
		tokens = tokens[blockTokens:]
	}
	return hashes
}

// hashTokens continues the hash h over tokens.
func hashTokens(h uint64, tokens []int64) uint64 {
	for _, t := range tokens {
		h = mix(h ^ uint64(t))
	}
	return h
}

// mix is one round of splitmix64: a bijection that scatters its input.
func mix(x uint64) uint64 { return splitmix.Finish(x + splitmix.Step) }

// prefixCache remembers which blocks were computed, least recently used
// first out. Blocks are remembered when their sequence is admitted: the ones
// behind it in the queue may hit what is still being computed, as if they
// waited for it. Only prompts are remembered, not answers, so that hits can be
// held against a trace's own block hashes.
type prefixCache struct {
	capacity int // blocks; below 0: unbounded, and order is not kept
	order    *list.List
	blocks   map[uint64]*list.Element
}

func newPrefixCache(capacity int) *prefixCache {
	return &prefixCache{capacity: capacity, order: list.New(), blocks: map[uint64]*list.Element{}}
}

// admit returns how many leading blocks are known, and remembers them all.
func (c *prefixCache) admit(blocks []uint64) int {
	hits := 0
	for hits < len(blocks) {
		if _, ok := c.blocks[blocks[hits]]; !ok {
			break
		}
		hits++
	}
	// From the end to the front: a beginning is of use without its end, never
	// the other way round, so the end must be the first to go.
	for i := len(blocks) - 1; i >= 0; i-- {
		c.touch(blocks[i])
	}
	return hits
}

func (c *prefixCache) touch(block uint64) {
	if c.capacity < 0 {
		c.blocks[block] = nil
		return
	}
	if e, ok := c.blocks[block]; ok {
		c.order.MoveToFront(e)
		return
	}
	c.blocks[block] = c.order.PushFront(block)
	if c.order.Len() > c.capacity {
		delete(c.blocks, c.order.Remove(c.order.Back()).(uint64))
	}
}
