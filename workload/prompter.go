package workload

import (
	"encoding/binary"
	"errors"
	"fmt"

	"metron/internal/forms"
	"metron/schema"
)

const (
	// DefaultTemplateTokens is what the chat template adds to one user message:
	// three tokens around it, its role, and three that open the answer.
	// OpenAI's models and the simulator do so; others add 8 (ChatML) to 40
	// (a default system prompt).
	DefaultTemplateTokens = 7

	// DefaultPromptTokens is the length of a prompt that nothing is known of.
	DefaultPromptTokens = 512

	// maxPromptTokens bounds a prompt's memory, at five bytes a token.
	maxPromptTokens = 16 << 20
)

// Prompter makes request bodies for rows that carry none. A prompt has the
// row's recorded input_tokens, counted in tokens that today's vocabularies
// agree on (see words and openerTokens), less what the chat template adds.
// Prompts depend on nothing but the row and Seed, and differ from their first
// word on. Only rows with block_hashes share text: block by block as long as
// their leading hashes are equal.
//
// The zero value is ready to use.
type Prompter struct {
	Model string // instead of the row's request_model; "" takes the row's
	Seed  uint64 // another seed, other prompts

	// Extensions uses request fields that vLLM brought up, and SGLang and the
	// simulator understand: min_tokens and ignore_eos ask for the recorded
	// output length, continuous_usage_stats for the count of tokens in every
	// chunk. Servers that refuse unknown fields need it off.
	Extensions bool

	// TemplateTokens is what the target's chat template adds to a message; 0
	// is DefaultTemplateTokens, a negative one none.
	TemplateTokens int64

	// PromptTokens is the length of prompts for rows that record neither
	// input_tokens nor request_bytes; 0 is DefaultPromptTokens.
	PromptTokens int64
}

// Body is the JSON body of the request that stands for r. r.API is the name of a
// forms.Form.
func (p *Prompter) Body(r *schema.Record) ([]byte, error) {
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
	form := p.formOf(forms.Form(r.API), r, model)
	tokens := p.promptTokens(r)
	if form.templated {
		tokens -= p.templateTokens()
	}
	tokens = max(1, tokens)
	if tokens > maxPromptTokens {
		return nil, fmt.Errorf("input_tokens %d is more than the %d that a prompt can have", tokens, maxPromptTokens)
	}
	b := make([]byte, 0, len(form.before)+len(form.after)+int(textBytes(tokens))+openerDigits*len(r.BlockHashes))
	return append(p.appendPrompt(append(b, form.before...), r, tokens), form.after...), nil
}

func (p *Prompter) templateTokens() int64 {
	if p.TemplateTokens == 0 {
		return DefaultTemplateTokens
	}
	return max(0, p.TemplateTokens)
}

// promptTokens is the length of the row's input; one that was not recorded is
// guessed: four bytes of request a token, else PromptTokens.
func (p *Prompter) promptTokens(r *schema.Record) int64 {
	switch {
	case r.InputTokens != nil:
		return *r.InputTokens
	case len(r.BlockHashes) > 0 && blockTokens(r) > 0:
		return blockTokens(r) * int64(len(r.BlockHashes))
	case r.RequestBytes > 0:
		return r.RequestBytes / 4
	}
	if p.PromptTokens > 0 {
		return p.PromptTokens
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

// appendPrompt appends exactly so many tokens of text: each block's own, then
// the row's own. The last block may be cut short.
func (p *Prompter) appendPrompt(b []byte, r *schema.Record, tokens int64) []byte {
	const block, row = 1, 2 // keep the seeds of blocks and rows apart
	if size := blockTokens(r); size > 0 {
		for _, hash := range r.BlockHashes {
			if tokens == 0 {
				return b
			}
			n := min(size, tokens)
			b = appendText(b, seedOf(p.Seed, block, uint64(hash)), n)
			tokens -= n
		}
	}
	if tokens == 0 {
		return b
	}
	id := r.RecordID
	return appendText(b, seedOf(p.Seed, row, binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])), tokens)
}
