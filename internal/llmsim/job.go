package llmsim

import (
	"strconv"
	"sync/atomic"
)

// choice is one answer that is being made. The loop counts its tokens up, the
// handler of its request writes them out: their texts follow from the key, so
// a slow client holds back a number, never a buffer.
type choice struct {
	index   int
	key     uint64
	reason  string // finish_reason: "length" or "stop"
	seq     Sequence
	emitted atomic.Int64 // tokens made; the loop's
	wake    chan<- struct{}

	sent      int // tokens written; the handler's, as what follows
	sentBytes int // their text's length; counted where logprobs are asked for
	opened    bool
	finished  bool
}

// done reports whether every token was made.
func (c *choice) done() bool { return int(c.emitted.Load()) == c.seq.OutputTokens }

// job is a request's answers.
type job struct {
	parsed
	id      string // without the dialect's prefix
	created int64  // s since the Unix epoch
	model   string
	choices []*choice
	wake    chan struct{} // a token was made; holds one
}

// newJob decides what the answers to a request will be. number tells requests
// apart, and is in the id alone.
func (c Config) newJob(p *parsed, number uint64, created int64) *job {
	j := &job{
		parsed:  *p,
		id:      strconv.FormatUint(mix(mix(c.Seed)+number), 16),
		created: created,
		model:   c.Model,
		wake:    make(chan struct{}, 1),
	}
	for i, prompt := range p.prompts {
		var blocks []uint64
		if c.Engine.CacheBlocks != 0 {
			blocks = BlockHashes(prompt, c.Engine.BlockTokens)
		}
		question := hashTokens(mix(c.Seed^mix(uint64(p.seed))), prompt)
		for n := range p.n {
			a := &choice{
				index: i*p.n + n,
				key:   mix(question + uint64(n)),
				wake:  j.wake,
				seq:   Sequence{PromptTokens: len(prompt), Blocks: blocks},
			}
			a.seq.OutputTokens, a.reason = c.length(p, len(prompt), a.key)
			j.choices = append(j.choices, a)
		}
	}
	j.prompts = nil // long, and all known of them that is needed
	return j
}

// length is how many tokens an answer has, and why it ends there.
func (c Config) length(p *parsed, promptTokens int, key uint64) (int, string) {
	limit := c.MaxModelLen - promptTokens
	if p.maxTokens > 0 {
		limit = p.maxTokens
	}
	if !p.ignoreEOS {
		if n := max(c.Output.draw(key), p.minTokens); n < limit {
			return n, "stop"
		}
	}
	return limit, "length"
}

// usage counts tokens as the API reports them.
type usage struct {
	prompt, cached, output int
}

func (u usage) append(b []byte) []byte {
	b = append(b, `{"prompt_tokens":`...)
	b = strconv.AppendInt(b, int64(u.prompt), 10)
	b = append(b, `,"completion_tokens":`...)
	b = strconv.AppendInt(b, int64(u.output), 10)
	b = append(b, `,"total_tokens":`...)
	b = strconv.AppendInt(b, int64(u.prompt+u.output), 10)
	b = append(b, `,"prompt_tokens_details":{"cached_tokens":`...)
	b = strconv.AppendInt(b, int64(u.cached), 10)
	return append(b, "}}"...)
}

// usage is the whole request's, as far as it was sent: every prompt once,
// every answer.
func (j *job) usage() usage {
	var u usage
	for i, c := range j.choices {
		if i%j.n == 0 {
			u.prompt += c.seq.PromptTokens
			u.cached += c.seq.CachedTokens
		}
		u.output += c.sent
	}
	return u
}
