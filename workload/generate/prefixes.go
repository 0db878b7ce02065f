package generate

import (
	"math"
	"math/rand/v2"

	"metron/internal/splitmix"
	"metron/internal/term"
)

// prefixes gives prompts the hashes of their blocks, and decides what they share.
// Each hash is of a block and all before it. Models share nothing: a server's cache
// would not, either.
type prefixes struct {
	seed  uint64
	block int64

	systems *systems // nil: there are none
	tree    *tree    // nil: none is wanted

	asked, hit       int64 // tokens of all prompts, and of a cache without a bound
	blocks, hitBlock int64
	buffer           []int64
}

// conversation is what the requests of a session have said so far.
type conversation struct {
	number int64
	shared []int64 // hashes of the blocks that it began with and others have, too
	tokens int64   // said so far
	full   int64   // blocks that the previous prompt filled, and a cache has
	turn   uint64
}

// systems are the system prompts of each model.
type systems struct {
	share  float64
	tokens int64
	draw   *weights
	src    *rand.Rand
	used   map[[2]int]bool // by model and prompt: it was sent before
}

func (st Structure) prefixes(seed uint64, streams streams, models int) (*prefixes, error) {
	p := &prefixes{seed: seed, block: DefaultBlock}
	if st.Block > 0 {
		p.block = st.Block
	}
	if st.HitShare > 0 {
		p.tree = &tree{share: st.HitShare, src: rand.New(streams.of("--hit-share")), pools: make([]pool, models)}
	}
	if st.SystemPrompt == "" {
		return p, nil
	}
	s, err := parseSpec("--system-prompt", "of:"+st.SystemPrompt, []string{"of"}, nil)
	if err != nil {
		return nil, err
	}
	count, theta := s.orAbove("count", 1), s.optional("theta", 0, 0)
	p.systems = &systems{share: s.orAbove("share", 1), tokens: int64(s.above("tokens")), draw: &weights{},
		src: rand.New(streams.of("--system-prompt")), used: map[[2]int]bool{}}
	if count != math.Trunc(count) || count > 1e6 || p.systems.tokens > 1e8 {
		s.fail("count is a whole number up to 1000000, tokens at most 100000000")
		count = 1
	}
	if p.systems.share > 1 {
		s.fail("share is over 1")
	}
	for k := range int64(count) {
		p.systems.draw.add(k, math.Pow(float64(k+1), -theta))
	}
	if s.text = st.SystemPrompt; s.done() != nil {
		return nil, term.WithHint(s.err, "--system-prompt count=4,tokens=1000,share=0.8")
	}
	return p, nil
}

// begin opens the conversation of a session whose first own prompt is so long.
func (p *prefixes) begin(session int64, model int, input int64) conversation {
	c := conversation{number: session}
	switch {
	case p.systems != nil:
		p.system(&c, model)
	case p.tree != nil && input > 0:
		c.shared = p.tree.branch(p, model, input)
		c.full = int64(len(c.shared))
		p.tree.grow(p, &c, model, input)
	}
	return c
}

// system begins the conversation with a system prompt, or with none.
func (p *prefixes) system(c *conversation, model int) {
	s := p.systems
	if s.src.Float64() >= s.share {
		return
	}
	k := int(s.draw.draw(s.src))
	c.tokens = s.tokens
	for i := range s.tokens / p.block {
		c.shared = append(c.shared, int64(splitmix.Hash(p.seed, systemBlock, uint64(model), uint64(k), uint64(i))))
	}
	if s.used[[2]int{model, k}] {
		c.full = int64(len(c.shared))
	}
	s.used[[2]int{model, k}] = true
}

// hashes are those of a prompt of the conversation: shared blocks, then the
// conversation's own. A last block that is not full is the prompt's alone, since
// the next one has more in it.
func (p *prefixes) hashes(c *conversation, tokens int64) []int64 {
	full := tokens / p.block
	p.buffer = append(p.buffer[:0], c.shared[:min(int64(len(c.shared)), full)]...)
	for i := int64(len(p.buffer)); i < full; i++ {
		p.buffer = append(p.buffer, p.own(c, i))
	}
	if tokens%p.block > 0 {
		p.buffer = append(p.buffer, int64(splitmix.Hash(p.seed, lastBlock, uint64(c.number), c.turn)))
	}
	hits := min(c.full, full)
	p.asked, p.hit = p.asked+tokens, p.hit+hits*p.block
	p.blocks, p.hitBlock = p.blocks+int64(len(p.buffer)), p.hitBlock+hits
	c.full = full
	c.turn++
	return p.buffer
}

func (p *prefixes) own(c *conversation, block int64) int64 {
	return int64(splitmix.Hash(p.seed, ownBlock, uint64(c.number), uint64(block)))
}
