package prefixcache

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// lru is a cache of so many blocks as its definition has it: the newest first.
type lru struct {
	size   int
	blocks []int64
}

func (c *lru) add(p Prompt) (hits Count) {
	for i, hash := range p.Hashes {
		if !slices.Contains(c.blocks, hash) {
			break
		}
		hits.add(Count{1, p.blockTokens(i)})
	}
	for _, hash := range slices.Backward(p.Hashes) {
		if at := slices.Index(c.blocks, hash); at >= 0 {
			c.blocks = slices.Delete(c.blocks, at, at+1)
		}
		c.blocks = slices.Insert(c.blocks, 0, hash)
	}
	c.blocks = c.blocks[:min(c.size, len(c.blocks))]
	return hits
}

// TestCurveIsThatOfCaches: one pass has the hits of a cache of every size.
func TestCurveIsThatOfCaches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prompts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Prompt {
			p := Prompt{BlockTokens: 16}
			node := int64(1)
			for range rapid.IntRange(0, 6).Draw(t, "blocks") {
				node = node*4 + rapid.Int64Range(0, 2).Draw(t, "branch") // the number of a node names its path
				p.Hashes = append(p.Hashes, node)
			}
			p.Tokens = max(0, int64(len(p.Hashes))*16-rapid.Int64Range(0, 15).Draw(t, "short"))
			return p
		}), 0, 40).Draw(t, "prompts")
		var r Reuse
		for _, p := range prompts {
			r.Add(p)
		}
		var sizes []int64
		for size := range r.Distinct() + 2 {
			sizes = append(sizes, size)
		}
		curve := r.Curve(sizes...)
		for i, size := range sizes {
			c := lru{size: int(size)}
			var want Count
			for _, p := range prompts {
				want.add(c.add(p))
			}
			if curve[i].Count != want {
				t.Fatalf("a cache of %d blocks: %+v, counted %+v", size, curve[i].Count, want)
			}
		}
		if r.Unbounded() != curve[len(curve)-1] {
			t.Fatalf("unbounded %+v, the largest %+v", r.Unbounded(), curve[len(curve)-1])
		}
		if missed := r.Asked().Blocks - r.Unbounded().Blocks; missed != r.Distinct() {
			t.Fatalf("%d blocks missed, %d distinct: each is missed once", missed, r.Distinct())
		}
	})
}

// TestRenumbering uses more slots than there are, with few blocks and with many.
func TestRenumbering(t *testing.T) {
	for _, blocks := range []int{1, 3, firstSlots - 1, firstSlots, 3 * firstSlots} {
		var r Reuse
		for i := range 5 * firstSlots {
			r.Add(Prompt{Hashes: []int64{int64(i % blocks)}})
		}
		want := int64(5*firstSlots - blocks)
		if curve := r.Curve(int64(blocks)-1, int64(blocks)); curve[0].Blocks != 0 || curve[1].Blocks != want {
			t.Errorf("%d blocks in turn: %d hits with room for one less, %d with room for all; want 0 and %d", blocks, curve[0].Blocks, curve[1].Blocks, want)
		}
	}
}

func TestOwnAndOthers(t *testing.T) {
	var r Reuse
	for _, p := range []Prompt{
		{Hashes: []int64{1, 2}, Session: "a"},
		{Hashes: []int64{1, 2, 3}, Session: "a"},  // 2 own
		{Hashes: []int64{1, 9}, Session: "b"},     // 1 of a's
		{Hashes: []int64{1, 2, 3}},                // 3, of no session
		{Hashes: []int64{1, 9, 10}, Session: "b"}, // 2 own
	} {
		p.BlockTokens = 10
		r.Add(p)
	}
	if got, want := r.Unbounded(), (Hits{Count{8, 80}, Count{4, 40}}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := r.Asked(), (Count{13, 130}); got != want {
		t.Errorf("asked %+v, want %+v", got, want)
	}
}

func TestNothing(t *testing.T) {
	var r Reuse
	r.Add(Prompt{Tokens: 7, BlockTokens: 16})
	if r.Unbounded() != (Hits{}) || r.Distinct() != 0 || r.Asked() != (Count{0, 7}) {
		t.Errorf("a prompt without blocks: %+v of %+v", r.Unbounded(), r.Asked())
	}
}

// TestMooncake: the published trace's ideal shares.
func TestMooncake(t *testing.T) {
	r := mooncake(t)
	hits, asked := r.Unbounded(), r.Asked()
	blocks, tokens := 100*float64(hits.Blocks)/float64(asked.Blocks), 100*float64(hits.Tokens)/float64(asked.Tokens)
	if blocks < 36.55 || blocks > 36.65 || tokens < 37.35 || tokens > 37.45 {
		t.Errorf("%.2f %% of blocks, %.2f %% of tokens; want 36.6 and 37.4", blocks, tokens)
	}
}

func mooncake(tb testing.TB) *Reuse {
	f, err := os.Open("../../../shared/traces/mooncake-conversation.jsonl")
	if errors.Is(err, os.ErrNotExist) {
		tb.Skip("the public trace is not here: shared/traces/mooncake-conversation.jsonl")
	}
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var r Reuse
	for d := json.NewDecoder(f); ; {
		var row struct {
			InputLength int64   `json:"input_length"`
			HashIDs     []int64 `json:"hash_ids"`
		}
		if err := d.Decode(&row); err == io.EOF {
			return &r
		} else if err != nil {
			tb.Fatal(err)
		}
		r.Add(Prompt{Hashes: row.HashIDs, BlockTokens: 512, Tokens: row.InputLength})
	}
}

// BenchmarkReuse adds prompts of 27 blocks, a third of which were seen before.
func BenchmarkReuse(b *testing.B) {
	hashes := make([]int64, 27)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		var r Reuse
		for i := range int64(10_000) {
			for j := range int64(len(hashes)) {
				hashes[j] = i<<8 | j
				if j < 9 {
					hashes[j] = i%100<<8 | j
				}
			}
			r.Add(Prompt{Hashes: hashes, BlockTokens: 512})
		}
		n += 10_000 * len(hashes)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mblocks/s")
}
