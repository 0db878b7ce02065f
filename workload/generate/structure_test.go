package generate

import (
	"math"
	"math/rand/v2"
	"testing"

	"metron/internal/prefixcache"
	"metron/schema"
)

// reuse replays rows through a cache without a bound.
func reuse(rows []schema.Record) *prefixcache.Reuse {
	var u prefixcache.Reuse
	for _, r := range rows {
		p := prefixcache.Prompt{Hashes: r.BlockHashes, Tokens: *r.InputTokens, Session: r.SessionID}
		if r.BlockSize != nil {
			p.BlockTokens = *r.BlockSize
		}
		u.Add(p)
	}
	return &u
}

// TestHitShare: what the report says is what a cache finds in the file, in the order
// of its times, and for a tree of prefixes what was asked for, within a point.
func TestHitShare(t *testing.T) {
	kinds := map[string]func(g *Generator, u float64){
		"tree": func(g *Generator, u float64) { g.HitShare = 0.05 + 0.75*u },
		// The answers and new words of later turns are nobody else's, which bounds the share.
		"tree of sessions": func(g *Generator, u float64) { g.HitShare, g.Turns, g.Requests = 0.5+0.15*u, "geometric:mean=2", 4000 },
		"system prompts":   func(g *Generator, _ float64) { g.SystemPrompt = "count=5,tokens=300,share=0.7" },
		"sessions": func(g *Generator, _ float64) {
			g.Turns, g.Think, g.SystemPrompt = "geometric:mean=3", "exponential:mean=20s", "count=2,tokens=777"
			g.AbortShare, g.AbortAfter = 0.1, "5s"
		},
	}
	for kind, change := range kinds {
		for seed := range uint64(2) {
			src := rand.New(rand.NewPCG(seed, 0))
			g := &Generator{Arrival: "poisson:rate=2", Requests: 1500, Seed: seed, Lengths: Lengths{Input: "lognormal:median=600,sigma=0.8", Output: "50"}}
			g.Block = []int64{32, 64}[src.IntN(2)]
			g.Models = []string{"", "a=3,b"}[src.IntN(2)]
			change(g, src.Float64())
			rows, m := rowsOf(t, g)
			u, p := reuse(rows), m.prefixes
			hits, asked := u.Unbounded(), u.Asked()
			if counted := (prefixcache.Count{Blocks: p.hitBlock, Tokens: p.hit}); counted != hits.Count || p.asked != asked.Tokens || p.blocks != asked.Blocks {
				t.Errorf("%s, seed %d: reported %+v of %d tokens and %d blocks, a cache has %+v of %+v", kind, seed, counted, p.asked, p.blocks, hits.Count, asked)
			}
			if share := float64(hits.Tokens) / float64(asked.Tokens); g.HitShare > 0 && math.Abs(share-g.HitShare) > 0.01 {
				t.Errorf("%s, seed %d: %v of tokens, asked for %v", kind, seed, share, g.HitShare)
			}
		}
	}
}

// TestSessions: turns follow each other, in time and in what they say.
func TestSessions(t *testing.T) {
	g := &Generator{Arrival: "poisson:rate=1", Duration: 1e12, Seed: 3, Lengths: Lengths{Input: "uniform:min=1,max=300", Output: "uniform:min=1,max=200"},
		Structure: Structure{Turns: "uniform:min=1,max=6", Think: "exponential:mean=8s", MaxContext: 900, Block: 16}, Tenants: "x,y"}
	rows, m := rowsOf(t, g)
	before := map[string]schema.Record{}
	turns, think := 0, 0.0
	for i, row := range rows {
		last, seen := before[row.SessionID]
		before[row.SessionID] = row
		if row.SessionID == "" || row.Turn == nil || *row.Turn > 0 != seen {
			t.Fatalf("row %d: session %q, turn %v", i, row.SessionID, row.Turn)
		}
		if !seen {
			if row.ThinkTime != nil || row.ParentRecordID != (schema.Record{}).ParentRecordID {
				t.Fatalf("row %d begins a session and waits for another", i)
			}
			continue
		}
		turns++
		think += float64(*row.ThinkTime) / 1e6
		said := *last.InputTokens + *last.OutputTokens
		wantUS := last.StartTime + *last.OutputTokens*25_000 + *row.ThinkTime
		if *row.Turn != *last.Turn+1 || row.ParentRecordID != last.RecordID || row.Tenant != last.Tenant || row.StartTime != wantUS {
			t.Fatalf("row %d does not follow its turn before: %+v, %+v", i, row, last)
		}
		if *row.InputTokens <= said || *row.InputTokens+*row.OutputTokens > 900 {
			t.Fatalf("row %d has %d prompt tokens after %d that were said", i, *row.InputTokens, said)
		}
		for b := range *last.InputTokens / 16 {
			if row.BlockHashes[b] != last.BlockHashes[b] {
				t.Fatalf("row %d: block %d is not what it was", i, b)
			}
		}
		if n := int64(len(row.BlockHashes)); n != (*row.InputTokens+15)/16 {
			t.Fatalf("row %d: %d blocks for %d tokens", i, n, *row.InputTokens)
		}
	}
	if mean := think / float64(turns); math.Abs(mean-8) > 0.6 {
		t.Errorf("think time is %v s on average", mean)
	}
	if n := m.counters(); n["sessions"] != int64(len(before)) || n["sessions_at_max_context"] == 0 || n["turns_after_end"] == 0 {
		t.Errorf("%d sessions, counted %v", len(before), n)
	}
}

// TestSystemPrompts: their share, their number, and that models have their own.
func TestSystemPrompts(t *testing.T) {
	rows, _ := rowsOf(t, &Generator{Arrival: "static", Requests: 4000, Models: "a,b", Lengths: Lengths{Pair: "fixed:input=100,output=1"},
		Structure: Structure{SystemPrompt: "count=3,tokens=150,share=0.8,theta=1", Block: 64}})
	first := map[[2]any]float64{}
	with := 0.0
	for _, r := range rows {
		if *r.InputTokens == 250 {
			with++
			first[[2]any{r.RequestModel, r.BlockHashes[1]}]++
		} else if *r.InputTokens != 100 {
			t.Fatalf("%d tokens", *r.InputTokens)
		}
	}
	if math.Abs(with/4000-0.8) > 0.03 || len(first) != 6 {
		t.Errorf("%v of 4000 rows have a system prompt, of %d kinds", with, len(first))
	}
	most := 0.0
	for _, n := range first {
		most = max(most, n)
	}
	if want := with / 2 / (1 + 1.0/2 + 1.0/3); math.Abs(most/want-1) > 0.1 {
		t.Errorf("the most frequent one is used %v times, expected %v", most, want)
	}
}

func TestMixesAndAborts(t *testing.T) {
	rows, m := rowsOf(t, &Generator{Arrival: "static", Requests: 8000, Models: "large=3,small=1", Tenants: "x", Lengths: Lengths{Pair: "fixed:input=1,output=1"},
		AbortShare: 0.1, AbortAfter: "exponential:mean=5s"})
	large, left, after := 0.0, 0.0, 0.0
	for _, row := range rows {
		if row.RequestModel == "large" {
			large++
		}
		if row.Tenant != "x" || (row.Outcome == schema.OutcomeClientAbort) != (row.ClientAbort != nil) {
			t.Fatalf("%+v", row)
		}
		if row.ClientAbort != nil {
			left++
			after += float64(*row.ClientAbort) / 1e6
		}
	}
	if math.Abs(large/8000-0.75) > 0.02 || math.Abs(left/8000-0.1) > 0.015 || math.Abs(after/left-5) > 0.8 || m.aborted != int64(left) {
		t.Errorf("%v large, %v left, after %v s", large, left, after/left)
	}
}
