package generate

import "math/rand/v2"

// poolSize is how many prompts new ones may branch off; more would make the tree
// wider, at the cost of memory.
const poolSize = 1024

// tree lets prompts begin as earlier ones did, so that of all tokens the wanted
// share is found in a cache without a bound. It counts what was shared so far and
// branches off deeper or shallower to make up for it; how deep is drawn, so that
// prompts differ.
type tree struct {
	share float64
	src   *rand.Rand
	pools []pool // by model
}

// pool is earlier prompts: the hashes of the blocks that they fill.
type pool struct {
	prompts [][]int64
	longest int // place of the longest one, which stays
}

// branch gives the blocks that a prompt of so many tokens has from an earlier one.
func (t *tree) branch(p *prefixes, model int, tokens int64) []int64 {
	pool := &t.pools[model]
	drawn := t.src.Float64() // also where it is of no use: the stream then stays in step
	want := float64(t.share*float64(p.asked+tokens)) - float64(p.hit)
	if len(pool.prompts) == 0 || want <= 0 {
		return nil
	}
	// Between nothing and twice what is wanted, at most all but the last token.
	depth := min(int64(2*drawn*want/float64(p.block)+0.5), (tokens-1)/p.block)
	return pool.pick(t.src, depth)
}

// pick takes the first blocks of any prompt that has so many, else of the longest.
func (l *pool) pick(src *rand.Rand, depth int64) []int64 {
	for range 4 {
		if one := l.prompts[src.IntN(len(l.prompts))]; int64(len(one)) >= depth {
			return one[:depth]
		}
	}
	longest := l.prompts[l.longest]
	return longest[:min(depth, int64(len(longest)))]
}

// grow keeps the prompt of a session for others to branch off; once there are
// enough it takes the place of any other.
func (t *tree) grow(p *prefixes, c *conversation, model int, tokens int64) {
	c.shared = append([]int64(nil), c.shared...) // the pool's memory is used again
	n := tokens / p.block
	if n == 0 {
		return
	}
	pool := &t.pools[model]
	at := len(pool.prompts)
	if at < poolSize {
		pool.prompts = append(pool.prompts, nil)
	} else if at = t.src.IntN(poolSize); at == pool.longest {
		return
	}
	blocks := append(pool.prompts[at][:0], c.shared...)
	for i := int64(len(c.shared)); i < n; i++ {
		blocks = append(blocks, p.own(c, i))
	}
	pool.prompts[at] = blocks
	if len(blocks) > len(pool.prompts[pool.longest]) {
		pool.longest = at
	}
}
