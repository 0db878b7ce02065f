package workload

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"metron/internal/forms"
	"metron/schema"
	"metron/workload/prompt"
)

const (
	// DefaultTemplateTokens is what the chat template adds to one user message
	// where no target has told: three tokens around it, its role, and three that open
	// the answer. OpenAI's models and the simulator do so; others add 8 (ChatML)
	// to 40 (a default system prompt).
	DefaultTemplateTokens = 7

	// DefaultPromptTokens is the length of a prompt that nothing is known of.
	DefaultPromptTokens = 512

	// maxPromptTokens bounds a prompt's memory, at five bytes a token.
	maxPromptTokens = 16 << 20

	// bytesPerToken is English's, about: for lengths that are known in bytes alone.
	bytesPerToken = 4

	// wordBytes are those of a word and its space: a block that is known in bytes
	// becomes one as long.
	wordBytes = 5
)

// Prompter makes request bodies for rows that carry none. A prompt has the
// row's recorded input_tokens, less what the server adds. Prompts depend on nothing
// but the row, Seed and the alphabet, and any two differ within their first symbols.
// Only rows with block_hashes share text: block by block as long as their leading
// hashes are equal.
//
// The zero value is ready to use; Learn fits it to a target.
type Prompter struct {
	Model string // instead of the row's request_model; "" takes the row's
	Seed  uint64 // another seed, other prompts

	// Extensions uses request fields that vLLM brought up, and SGLang and the
	// simulator understand: min_tokens and ignore_eos ask for the recorded
	// output length, continuous_usage_stats for the count of tokens in every
	// chunk, top_k for the recorded one. Servers that refuse unknown fields need it off.
	Extensions bool

	// Words are what texts are made of; nil: all of prompt.Words. IDs, where they are
	// not nil, ask completions by token ids instead of text; TryIDs do as soon as Learn
	// finds that the target takes them.
	Words, IDs, TryIDs *prompt.Alphabet

	// PerWord is the tokens of a word, on average, for a target that Learn has not asked; 0
	// is one.
	PerWord float64

	// Conversations are made, too: Learn asks what a turn adds.
	Conversations bool

	learned learned
}

// Body is the JSON body of the request that stands for r. r.API is the name of a
// forms.Form.
func (p *Prompter) Body(r *schema.Record) ([]byte, error) {
	return p.body(r, p.promptTokens(r), func(b []byte) []byte {
		return p.appendPrompt(b, r, max(1, p.promptTokens(r)-p.addedTokens(r.API)))
	})
}

// body is a request that says what the functions append, each a message, by turns of the
// user and the assistant; tokens are about as many as they say. Each begins with a byte that gives
// way to what stands before it.
func (p *Prompter) body(r *schema.Record, tokens int64, say ...func(b []byte) []byte) ([]byte, error) {
	model := p.Model
	if model == "" {
		model = r.RequestModel
	}
	switch {
	case !forms.Known(r.API):
		return nil, fmt.Errorf("api %q: no prompts are made for it; record the trace with content to replay its bodies", r.API)
	case model == "" && forms.Form(r.API).ModelInBody():
		return nil, errors.New("the row names no model, and none was given; name one with --model")
	}
	if tokens > maxPromptTokens {
		return nil, fmt.Errorf("input_tokens %d is more than the %d that a prompt can have", tokens, maxPromptTokens)
	}
	around := p.formOf(forms.Form(r.API), r, model, len(say))
	if p.byIDs(r.API) { // a list instead of a text
		around[0][len(around[0])-1], around[1][0] = '[', ']'
	}
	b := make([]byte, 0, 1024+p.alphabet(r.API).Room(max(1, tokens)))
	for i, add := range say {
		last := len(around[i]) - 1
		b = append(b, around[i][:last]...)
		first := len(b)
		b = add(b)
		b[first] = around[i][last]
	}
	return append(b, around[len(say)]...), nil
}

// byIDs reports whether prompts of an API are lists of token ids.
func (p *Prompter) byIDs(api string) bool { return p.IDs != nil && api == schema.APICompletions }

// alphabet is what the prompts of an API are made of.
func (p *Prompter) alphabet(api string) *prompt.Alphabet {
	switch {
	case p.byIDs(api):
		return p.IDs
	case p.Words == nil:
		p.Words = prompt.Words()
	}
	return p.Words
}

// addedTokens is what the server adds to a prompt: what it was seen to, else what a
// chat template is taken to.
func (p *Prompter) addedTokens(api string) int64 {
	if added, ok := p.learned.added[api]; ok {
		return added
	}
	if !forms.Form(api).Templated() {
		return 0
	}
	return DefaultTemplateTokens
}

// per is the number of tokens of a symbol.
func (p *Prompter) per(api string) float64 {
	if per, ok := p.learned.perSymbol[api]; ok {
		return per
	}
	if p.PerWord > 0 && !p.byIDs(api) {
		return p.PerWord
	}
	return 1
}

// promptTokens is the length of the row's input; one that was not recorded is
// guessed: four bytes of request a token, else DefaultPromptTokens.
func (p *Prompter) promptTokens(r *schema.Record) int64 {
	switch {
	case r.InputTokens != nil:
		return *r.InputTokens
	case len(r.BlockHashes) > 0 && blockTokens(r) > 0:
		return blockTokens(r) * int64(len(r.BlockHashes))
	case r.RequestBytes > 0:
		return r.RequestBytes / bytesPerToken
	}
	return DefaultPromptTokens
}

// blockTokens is the length of a block, 0 when it is not known.
func blockTokens(r *schema.Record) int64 {
	switch {
	case r.BlockSize == nil || *r.BlockSize < 1:
		return 0
	case r.BlockUnit == "bytes":
		return max(1, *r.BlockSize/wordBytes)
	}
	return *r.BlockSize
}

// Sorts of text, whose seeds are kept apart.
const (
	ofBlock = 1 + iota
	ofRow
	ofAnswer
)

// appendPrompt appends exactly so many tokens of text: each block's own, then
// the row's own. The last block may be cut short.
func (p *Prompter) appendPrompt(b []byte, r *schema.Record, tokens int64) []byte {
	a, per := p.alphabet(r.API), p.per(r.API)
	at, done := int64(0), int64(0) // tokens, and symbols for them
	put := func(s prompt.Seed, n int64) {
		at += n
		symbols := max(1, int64(math.Round(float64(at)/per))) - done
		b = a.Append(b, s, symbols)
		done += symbols
	}
	if size := blockTokens(r); size > 0 {
		for _, hash := range r.BlockHashes {
			if at == tokens {
				return b
			}
			put(prompt.SeedOf(p.Seed, ofBlock, uint64(hash)), min(size, tokens-at))
		}
	}
	if at < tokens {
		put(p.seedOf(ofRow, r), tokens-at)
	}
	return b
}

// seedOf is the seed of a row's own text.
func (p *Prompter) seedOf(sort uint64, r *schema.Record) prompt.Seed {
	id := r.RecordID
	return prompt.SeedOf(p.Seed, sort, binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:]))
}
