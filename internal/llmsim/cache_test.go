package llmsim

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestCacheAgainstAList holds the cache against the plainest LRU there is.
func TestCacheAgainstAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 12).Draw(t, "capacity")
		c := newPrefixCache(capacity)
		var list []uint64 // most recent first
		for range rapid.IntRange(1, 30).Draw(t, "prompts") {
			tokens := rapid.SliceOfN(rapid.Int64Range(0, 1), 0, 12).Draw(t, "tokens")
			blocks := BlockHashes(tokens, 2)
			want := 0
			for want < len(blocks) && index(list, blocks[want]) >= 0 {
				want++
			}
			for i := len(blocks) - 1; i >= 0; i-- {
				if at := index(list, blocks[i]); at >= 0 {
					list = append(list[:at:at], list[at+1:]...)
				}
				list = append([]uint64{blocks[i]}, list...)
				list = list[:min(len(list), capacity)]
			}
			if got := c.admit(blocks); got != want {
				t.Fatalf("%d hits, want %d", got, want)
			}
			if len(c.blocks) > capacity || len(c.blocks) != c.order.Len() {
				t.Fatalf("%d blocks, %d in order, capacity %d", len(c.blocks), c.order.Len(), capacity)
			}
		}
	})
}

func index(list []uint64, v uint64) int {
	for i, x := range list {
		if x == v {
			return i
		}
	}
	return -1
}

// TestBlockHashesAreEqualOverEqualBeginnings also says where they part.
func TestBlockHashesAreEqualOverEqualBeginnings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.Int64Range(0, 3), 0, 40)
		a, b := ids.Draw(t, "a"), ids.Draw(t, "b")
		size := rapid.IntRange(1, 6).Draw(t, "block")
		shared := 0
		for shared < min(len(a), len(b)) && a[shared] == b[shared] {
			shared++
		}
		x, y := BlockHashes(a, size), BlockHashes(b, size)
		if len(x) != len(a)/size || len(y) != len(b)/size {
			t.Fatalf("%d and %d blocks for %d and %d tokens of %d", len(x), len(y), len(a), len(b), size)
		}
		for i := range min(len(x), len(y)) {
			if same := (i+1)*size <= shared; (x[i] == y[i]) != same {
				t.Fatalf("block %d: hashes equal is %v, %d tokens are shared", i, x[i] == y[i], shared)
			}
		}
	})
}

func TestCacheShortensPrefill(t *testing.T) {
	prompt := make([]int64, 100)
	for i := range prompt {
		prompt[i] = int64(i)
	}
	other := append([]int64(nil), prompt...)
	other[40] = -1
	const block = 16
	tests := []struct {
		name        string
		cacheBlocks int
		first       []int64
		second      []int64
		cached      int
	}{
		{"off", 0, prompt, prompt, 0},
		{"same prompt: full blocks", -1, prompt, prompt, 96},
		{"differs in the third block", -1, prompt, other, 32},
		{"differs in the first token", -1, prompt, prompt[1:], 0},
		{"a beginning", -1, prompt, prompt[:50], 48},
		{"whole blocks: the last token is computed", -1, prompt[:96], prompt[:96], 95},
		{"room for two blocks keeps the first ones", 2, prompt, prompt, 32},
		{"shorter than a block", -1, prompt[:15], prompt[:15], 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := engine(t, EngineConfig{CacheBlocks: tt.cacheBlocks, BlockTokens: block, Cost: testCost})
			a := &Sequence{PromptTokens: len(tt.first), OutputTokens: 1, Blocks: BlockHashes(tt.first, block)}
			b := &Sequence{PromptTokens: len(tt.second), OutputTokens: 1, Blocks: BlockHashes(tt.second, block), ArrivalUS: 1_000_000}
			tokens := simulate(t, e, []*Sequence{a, b}, nil)
			if a.CachedTokens != 0 || b.CachedTokens != tt.cached {
				t.Errorf("cached tokens %d and %d, want 0 and %d", a.CachedTokens, b.CachedTokens, tt.cached)
			}
			n, u := float64(len(tt.second)), float64(tt.cached)
			want := 1000 + 10*(n-u) + 0.004*(n*n-u*u)
			if got := float64(tokens[1].us - 1_000_000); math.Abs(got-want) > 1 {
				t.Errorf("the second prompt took %v us, want %v", got, want)
			}
		})
	}
}

func TestBlocksAreKnownFromAdmissionOn(t *testing.T) {
	blocks := BlockHashes(make([]int64, 640), 64)
	e := engine(t, EngineConfig{MaxBatch: 4, StepTokens: 100, CacheBlocks: -1, BlockTokens: 64, Cost: testCost})
	a := &Sequence{PromptTokens: 640, OutputTokens: 1, Blocks: blocks}
	b := &Sequence{PromptTokens: 640, OutputTokens: 1, Blocks: blocks, ArrivalUS: 1}
	simulate(t, e, []*Sequence{a, b}, nil)
	if b.CachedTokens != 639 {
		t.Errorf("%d cached tokens, want 639: the first prompt was admitted before", b.CachedTokens)
	}
}
