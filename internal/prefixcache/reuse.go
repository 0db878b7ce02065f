package prefixcache

// Prompt is what a cache sees of a request.
type Prompt struct {
	// Hashes of the prompt's blocks, each of the block and all before it: equal
	// beginnings have equal hashes.
	Hashes []int64

	BlockTokens int64  // tokens of a block; 0: unknown, and tokens are not counted
	Tokens      int64  // of the whole prompt; 0: its blocks are full
	Session     string // conversation that it is a turn of; "" for none. It is kept
}

// Count is a number of blocks, and of the tokens in them.
type Count struct {
	Blocks int64 `json:"blocks"`
	Tokens int64 `json:"tokens"`
}

// Hits are what a cache had of the prompts. Own are those of them that the
// previous prompt of the same session had brought; the others were brought by
// other sessions, by older turns, or by requests of no session.
type Hits struct {
	Count
	Own Count `json:"own"`
}

// Reuse gathers the reuse of prefixes. Add prompts by the time of their
// arrival. The zero value is ready to use.
//
// The cache it thinks of holds whole blocks, admits a prompt's the moment that it
// arrives, and evicts the least recently used one; of one prompt's it evicts
// the last block first, since nothing behind a missing block can be used.
type Reuse struct {
	stack    stack
	at       []Hits // by stack distance, from 1
	asked    Count
	prompts  int64
	sessions map[string][]int64 // the hashes of each one's latest prompt
}

// Add counts the hits of a prompt and then admits its blocks.
func (r *Reuse) Add(p Prompt) {
	r.prompts++
	r.asked.Blocks += int64(len(p.Hashes))
	r.asked.Tokens += p.tokens()
	own := r.own(p)
	// A block hits where all before it do. Servers that hash as documented bring
	// no hash without its predecessors, and deepest is then the block's own.
	deepest := int64(0)
	for i, hash := range p.Hashes {
		distance := r.stack.distance(hash)
		if distance == 0 {
			break
		}
		deepest = max(deepest, distance)
		r.hit(deepest, Count{1, p.blockTokens(i)}, i < own)
	}
	for i := len(p.Hashes) - 1; i >= 0; i-- {
		r.stack.touch(p.Hashes[i])
	}
}

func (r *Reuse) hit(distance int64, c Count, own bool) {
	for int64(len(r.at)) <= distance {
		r.at = append(r.at, Hits{})
	}
	h := &r.at[distance]
	h.add(c)
	if own {
		h.Own.add(c)
	}
}

// own is how many leading blocks the session's previous prompt had.
func (r *Reuse) own(p Prompt) int {
	if p.Session == "" {
		return 0
	}
	if r.sessions == nil {
		r.sessions = map[string][]int64{}
	}
	before := r.sessions[p.Session]
	n := 0
	for n < min(len(before), len(p.Hashes)) && before[n] == p.Hashes[n] {
		n++
	}
	r.sessions[p.Session] = append(before[:n], p.Hashes[n:]...)
	return n
}

// Prompts is how many were added.
func (r *Reuse) Prompts() int64 { return r.prompts }

// Asked is what all prompts had.
func (r *Reuse) Asked() Count { return r.asked }

// Distinct is the number of different blocks: the size from which on a cache
// holds everything.
func (r *Reuse) Distinct() int64 { return r.stack.live() }

// Unbounded are the hits of a cache that never evicts.
func (r *Reuse) Unbounded() Hits { return r.Curve(r.Distinct())[0] }

// Curve are the hits of caches of the given sizes in blocks, which must rise.
func (r *Reuse) Curve(sizes ...int64) []Hits {
	curve := make([]Hits, len(sizes))
	var sum Hits
	distance := int64(0)
	for i, size := range sizes {
		for ; distance < int64(len(r.at)) && distance <= size; distance++ {
			sum.add(r.at[distance].Count)
			sum.Own.add(r.at[distance].Own)
		}
		curve[i] = sum
	}
	return curve
}

func (c *Count) add(d Count) {
	c.Blocks += d.Blocks
	c.Tokens += d.Tokens
}

// tokens is the length of the prompt.
func (p Prompt) tokens() int64 {
	switch {
	case p.BlockTokens == 0:
		return 0
	case p.Tokens > 0:
		return p.Tokens
	}
	return p.BlockTokens * int64(len(p.Hashes))
}

// blockTokens is the length of block i: the last one may be shorter.
func (p Prompt) blockTokens(i int) int64 {
	return max(0, min(p.BlockTokens, p.tokens()-int64(i)*p.BlockTokens))
}
