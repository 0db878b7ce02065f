package demand

import "metron/internal/prefixcache"

// Reuse says what of the prompts a server's prefix cache could have had, by its
// size: one that evicts the least recently used block, and has a prompt's blocks
// from its arrival on.
type Reuse struct {
	Unit      string `json:"block_unit"` // tokens or bytes
	BlockSize int64  `json:"block_size"`
	LeftOut   int64  `json:"rows_of_other_block_sizes"`

	Prompts  int64 `json:"prompts"`
	Blocks   int64 `json:"blocks"`
	Tokens   int64 `json:"tokens"`          // 0: blocks are of bytes
	Distinct int64 `json:"distinct_blocks"` // what a cache that never evicts holds

	Curve []Hits `json:"curve"` // by the size of the cache; the last one is of Distinct blocks
}

// Hits are what a cache of so many blocks has, as shares of all.
type Hits struct {
	CacheBlocks int64    `json:"cache_blocks"`
	Blocks      float64  `json:"blocks_share"`
	Tokens      *float64 `json:"tokens_share"`     // null: blocks are of bytes
	OwnBlocks   float64  `json:"own_blocks_share"` // what the session's previous prompt had brought
}

// Unbounded is the last point of the curve.
func (r *Reuse) Unbounded() Hits { return r.Curve[len(r.Curve)-1] }

// reuse gathers it.
type reuse struct {
	cache   prefixcache.Reuse
	size    int64
	unit    string
	leftOut int64
}

func (r *reuse) add(hashes []int64, size int64, unit string, tokens int64, session string) {
	if size <= 0 {
		return
	}
	if r.size == 0 {
		r.size, r.unit = size, unit
	}
	if size != r.size || unit != r.unit { // no cache has two sizes
		r.leftOut++
		return
	}
	p := prefixcache.Prompt{Hashes: hashes, Session: session}
	if unit == "tokens" {
		p.BlockTokens, p.Tokens = size, tokens
	}
	r.cache.Add(p)
}

func (r *reuse) finish() *Reuse {
	asked := r.cache.Asked()
	if asked.Blocks == 0 {
		return nil
	}
	out := &Reuse{Unit: r.unit, BlockSize: r.size, LeftOut: r.leftOut, Prompts: r.cache.Prompts(), Blocks: asked.Blocks, Tokens: asked.Tokens,
		Distinct: r.cache.Distinct()}
	var sizes []int64
	for size := int64(1); size < out.Distinct; size *= 2 {
		sizes = append(sizes, size)
	}
	sizes = append(sizes, out.Distinct)
	for i, hits := range r.cache.Curve(sizes...) {
		h := Hits{CacheBlocks: sizes[i], Blocks: float64(hits.Blocks) / float64(asked.Blocks), OwnBlocks: float64(hits.Own.Blocks) / float64(asked.Blocks)}
		if asked.Tokens > 0 {
			h.Tokens = new(float64(hits.Tokens) / float64(asked.Tokens))
		}
		out.Curve = append(out.Curve, h)
	}
	return out
}
