package analyze

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"metron/internal/prefixcache"
	"metron/internal/term"
	"metron/schema"
)

// prefixReuse is the section "prefix_reuse": what a prefix cache could have known. It
// keeps the hashes of every prompt, 8 bytes a block, because a cache sees prompts in
// the order of their sends.
type prefixReuse struct {
	prompts []prompt
	hashes  []int64
	without int64 // requests without hashes
}

// prompt is one request; its hashes are a part of prefixReuse's.
type prompt struct {
	sent        int64
	id          uuid.UUID
	session     string
	from, to    int
	blockTokens int64
	tokens      int64
}

func newPrefixReuse(*Config) section { return &prefixReuse{} }

// add counts requests of every phase and outcome: a cache knows neither.
func (s *prefixReuse) add(r *request) {
	if r.outcome == schema.OutcomeNotSent {
		return
	}
	if len(r.blockHashes) == 0 {
		s.without++
		return
	}
	p := prompt{sent: r.startTime + r.sent, id: r.recordID, session: strings.Clone(r.session), from: len(s.hashes)}
	s.hashes = append(s.hashes, r.blockHashes...)
	p.to = len(s.hashes)
	if r.blockUnit == "tokens" {
		p.blockTokens, p.tokens = max(0, r.blockSize.value), max(0, r.inputTokens.value)
	}
	s.prompts = append(s.prompts, p)
}

func (s *prefixReuse) merge(o section) {
	other := o.(*prefixReuse)
	s.without += other.without
	at := len(s.hashes)
	s.hashes = append(s.hashes, other.hashes...)
	for _, p := range other.prompts {
		p.from, p.to = p.from+at, p.to+at
		s.prompts = append(s.prompts, p)
	}
}

// PrefixReuse is the hits of caches that hold so many blocks and forget the least
// recently used one, as if one cache had seen all requests in the order of their sends.
type PrefixReuse struct {
	Requests int64      `json:"requests"` // with block hashes
	Without  int64      `json:"without"`  // block hashes
	Blocks   int64      `json:"blocks"`   // of all prompts
	Distinct int64      `json:"distinct_blocks"`
	Tokens   *int64     `json:"tokens"` // of all prompts; absent where no block says how many it holds
	Curve    []CacheHit `json:"curve"`  // powers of two, and a cache that holds everything
}

// CacheHit is the share of prompts that a cache of a size had; Own what the turn of the
// same session before had brought.
type CacheHit struct {
	CacheBlocks int64    `json:"cache_blocks"`
	Blocks      *float64 `json:"block_hit_share"`
	Tokens      *float64 `json:"token_hit_share"`
	OwnBlocks   *float64 `json:"own_block_hit_share"`
	OwnTokens   *float64 `json:"own_token_hit_share"`
}

func (s *prefixReuse) result(*tally) sectionResult {
	slices.SortFunc(s.prompts, func(a, b prompt) int {
		return cmp.Or(cmp.Compare(a.sent, b.sent), bytes.Compare(a.id[:], b.id[:]), slices.Compare(s.hashes[a.from:a.to], s.hashes[b.from:b.to]))
	})
	var reuse prefixcache.Reuse
	for _, p := range s.prompts {
		reuse.Add(prefixcache.Prompt{Hashes: s.hashes[p.from:p.to], BlockTokens: p.blockTokens, Tokens: p.tokens, Session: p.session})
	}
	asked, distinct := reuse.Asked(), reuse.Distinct()
	out := &PrefixReuse{Requests: reuse.Prompts(), Without: s.without, Blocks: asked.Blocks, Distinct: distinct, Curve: []CacheHit{}}
	if asked.Tokens > 0 {
		out.Tokens = &asked.Tokens
	}
	if distinct == 0 {
		return out
	}
	var sizes []int64
	for size := int64(1); size < distinct; size *= 2 {
		sizes = append(sizes, size)
	}
	sizes = append(sizes, distinct)
	for i, hits := range reuse.Curve(sizes...) {
		out.Curve = append(out.Curve, CacheHit{sizes[i], shareOf(hits.Blocks, asked.Blocks), shareOf(hits.Tokens, asked.Tokens),
			shareOf(hits.Own.Blocks, asked.Blocks), shareOf(hits.Own.Tokens, asked.Tokens)})
	}
	return out
}

// shareOf is part/whole, nil of nothing.
func shareOf(part, whole int64) *float64 {
	if whole <= 0 {
		return nil
	}
	return new(float64(part) / float64(whole))
}

func (p *PrefixReuse) lines() []string {
	if len(p.Curve) == 0 {
		return nil
	}
	all := p.Curve[len(p.Curve)-1]
	lines := []string{fmt.Sprintf("%s of the blocks of %s were there before (%s of the tokens), %s from the turn before; %s distinct",
		percent(all.Blocks), requestsOf(p.Requests), percent(all.Tokens), percent(all.OwnBlocks), term.Count(p.Distinct))}
	var half []string
	for _, share := range []float64{0.5, 0.9} {
		at := slices.IndexFunc(p.Curve, func(c CacheHit) bool { return *c.Blocks >= share**all.Blocks })
		half = append(half, fmt.Sprintf("%.0f %% of that with a cache of %s blocks", 100*share, term.Count(p.Curve[at].CacheBlocks)))
	}
	if *all.Blocks > 0 {
		lines = append(lines, strings.Join(half, ", "))
	}
	return lines
}
