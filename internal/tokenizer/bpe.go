package tokenizer

import "container/heap"

// part is a token of a piece, so far: piece[from:to].
type part struct {
	from, to int32
	id       int32 // -1: not in the vocabulary
}

// ranks says which two neighbours become one token, and how early.
type ranks interface {
	// join is the rank of joining l and r, the lowest first, and the id of what
	// they become.
	join(piece string, l, r part) (rank, id int32, ok bool)
}

// byteRanks ranks tokens by their bytes alone, as tiktoken does: any two
// neighbours join whose bytes together are a token.
type byteRanks map[string]int32

func (m byteRanks) join(piece string, l, r part) (rank, id int32, ok bool) {
	id, ok = m[piece[l.from:r.to]]
	return id, id, ok
}

// pairRanks ranks pairs of tokens, as a list of merges does.
type pairRanks map[[2]int32]merge

type merge struct{ rank, id int32 }

func (m pairRanks) join(_ string, l, r part) (rank, id int32, ok bool) {
	found, ok := m[[2]int32{l.id, r.id}]
	return found.rank, found.id, ok
}

// few is the number of parts up to which looking through all of them for the
// lowest rank beats a heap.
const few = 64

// mergeAll joins neighbours, the lowest rank first and of equal ranks the first,
// until none joins. parts is overwritten.
func mergeAll(piece string, parts []part, by ranks) []part {
	if len(parts) > few {
		return mergeMany(piece, parts, by)
	}
	return mergeFew(piece, parts, by)
}

func mergeFew(piece string, parts []part, by ranks) []part {
	for {
		best, at, id := int32(-1), -1, int32(0)
		for i := 0; i+1 < len(parts); i++ {
			if rank, joined, ok := by.join(piece, parts[i], parts[i+1]); ok && (at < 0 || rank < best) {
				best, at, id = rank, i, joined
			}
		}
		if at < 0 {
			return parts
		}
		parts[at].to, parts[at].id = parts[at+1].to, id
		parts = append(parts[:at+1], parts[at+2:]...)
	}
}

// candidate is a pair that could join, found when its parts ended there.
type candidate struct {
	rank, id    int32
	left, right int32 // places in parts
	lefts, ends int32 // where the two ended: if they end elsewhere now, it is void
}

type candidates []candidate

func (c candidates) Len() int { return len(c) }
func (c candidates) Less(i, j int) bool {
	return c[i].rank < c[j].rank || c[i].rank == c[j].rank && c[i].left < c[j].left
}
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)   { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// mergeMany does what mergeAll does, in a time that grows little faster than
// the piece: one letter a million times is a piece, too.
func mergeMany(piece string, parts []part, by ranks) []part {
	n := int32(len(parts))
	next, before := make([]int32, n), make([]int32, n)
	for i := range n {
		next[i], before[i] = i+1, i-1
	}
	var open candidates
	try := func(left int32) {
		if left < 0 || next[left] >= n {
			return
		}
		l, r := parts[left], parts[next[left]]
		if rank, id, ok := by.join(piece, l, r); ok {
			heap.Push(&open, candidate{rank: rank, id: id, left: left, right: next[left], lefts: l.to, ends: r.to})
		}
	}
	for i := range n {
		try(i)
	}
	for len(open) > 0 {
		c := heap.Pop(&open).(candidate)
		if parts[c.left].to != c.lefts || parts[c.right].to != c.ends || next[c.left] != c.right {
			continue // one of the two has joined another since
		}
		parts[c.left].to, parts[c.left].id = c.ends, c.id
		parts[c.right].to = -1
		next[c.left] = next[c.right]
		if next[c.left] < n {
			before[next[c.left]] = c.left
		}
		try(before[c.left])
		try(c.left)
	}
	joined := parts[:0]
	for i := int32(0); i < n; i = next[i] {
		joined = append(joined, parts[i])
	}
	return joined
}
