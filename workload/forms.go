package workload

import (
	"strconv"

	"metron/schema"
)

// form is how the requests of an API look around their prompt and after it.
type form struct {
	before, after string
	templated     bool // the server puts a chat template around the prompt
	options       func(p *Prompter, b []byte, r *schema.Record) []byte
}

const (
	messageBefore = `,"messages":[{"role":"user","content":"`
	messageAfter  = `"}]`
)

// formOf is the table of APIs that prompts are made for.
func formOf(api string) (form, bool) {
	switch api {
	case schema.APIChat:
		return form{messageBefore, messageAfter, true, (*Prompter).openAI}, true
	case schema.APICompletions:
		return form{`,"prompt":"`, `"`, false, (*Prompter).openAI}, true
	case schema.APIResponses:
		return form{`,"input":"`, `"`, true, (*Prompter).responses}, true
	case schema.APIMessages:
		return form{messageBefore, messageAfter, true, (*Prompter).messages}, true
	case schema.APIOllamaChat:
		return form{messageBefore, messageAfter, true, (*Prompter).ollama}, true
	case schema.APIOllamaGenerate:
		return form{`,"prompt":"`, `"`, true, (*Prompter).ollama}, true
	}
	return form{}, false
}

// lengthOf is the length that each of the choices is asked for: the recorded one,
// else the recorded bound; exact says which.
func lengthOf(r *schema.Record, choices int64) (tokens *int64, exact bool) {
	if r.OutputTokens == nil {
		return r.MaxTokens, false
	}
	// Servers refuse a maximum of 0; a request that got nothing asks for one token.
	each := max(1, (*r.OutputTokens+choices-1)/choices)
	return &each, true
}

// openAI appends what chat and completions are asked besides the prompt.
func (p *Prompter) openAI(b []byte, r *schema.Record) []byte {
	switch {
	case r.Stream && p.Extensions:
		b = append(b, `,"stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true}`...)
	case r.Stream:
		b = append(b, `,"stream":true,"stream_options":{"include_usage":true}`...)
	default:
		b = append(b, `,"stream":false`...)
	}
	choices := max(1, r.ChoiceCount)
	if choices > 1 {
		b = appendNumber(b, "n", &choices)
	}
	maxTokens, exact := lengthOf(r, choices)
	minTokens, ignoreEOS := r.MinTokens, r.IgnoreEOS
	if exact {
		minTokens, ignoreEOS = nil, nil
		if p.Extensions {
			minTokens, ignoreEOS = maxTokens, new(true)
		}
	}
	b = appendNumber(b, "max_tokens", maxTokens)
	b = appendNumber(b, "min_tokens", minTokens)
	if ignoreEOS != nil {
		b = strconv.AppendBool(append(b, `,"ignore_eos":`...), *ignoreEOS)
	}
	b = appendDecimal(b, "temperature", r.Temperature)
	b = appendDecimal(b, "top_p", r.TopP)
	b = appendNumber(b, "top_k", r.TopK)
	return appendNumber(b, "seed", r.Seed)
}

// responses appends what the Responses API is asked besides the prompt.
func (p *Prompter) responses(b []byte, r *schema.Record) []byte {
	b = strconv.AppendBool(append(b, `,"stream":`...), r.Stream)
	maxTokens, _ := lengthOf(r, 1)
	b = appendNumber(b, "max_output_tokens", maxTokens)
	b = appendDecimal(b, "temperature", r.Temperature)
	return appendDecimal(b, "top_p", r.TopP)
}

// unboundMessage is the bound of an answer whose length nothing is known of: the
// API has requests name one.
const unboundMessage = 4096

// messages appends what Anthropic's API is asked besides the prompt.
func (p *Prompter) messages(b []byte, r *schema.Record) []byte {
	b = strconv.AppendBool(append(b, `,"stream":`...), r.Stream)
	maxTokens, _ := lengthOf(r, 1)
	if maxTokens == nil {
		maxTokens = new(int64(unboundMessage))
	}
	b = appendNumber(b, "max_tokens", maxTokens)
	b = appendDecimal(b, "temperature", r.Temperature)
	b = appendDecimal(b, "top_p", r.TopP)
	return appendNumber(b, "top_k", r.TopK)
}

// ollama appends what Ollama's own API is asked besides the prompt.
func (p *Prompter) ollama(b []byte, r *schema.Record) []byte {
	b = strconv.AppendBool(append(b, `,"stream":`...), r.Stream)
	maxTokens, _ := lengthOf(r, 1)
	begin := len(b)
	b = appendNumber(b, "num_predict", maxTokens)
	b = appendDecimal(b, "temperature", r.Temperature)
	b = appendDecimal(b, "top_p", r.TopP)
	b = appendNumber(b, "top_k", r.TopK)
	if b = appendNumber(b, "seed", r.Seed); len(b) == begin {
		return b
	}
	options := string(b[begin+1:]) // without the comma
	return append(append(append(b[:begin], `,"options":{`...), options...), '}')
}

// appendNumber appends a member that has a value.
func appendNumber(b []byte, key string, v *int64) []byte {
	if v == nil {
		return b
	}
	b = append(append(append(b, `,"`...), key...), `":`...)
	return strconv.AppendInt(b, *v, 10)
}

func appendDecimal(b []byte, key string, v *float64) []byte {
	if v == nil {
		return b
	}
	b = append(append(append(b, `,"`...), key...), `":`...)
	return strconv.AppendFloat(b, *v, 'g', -1, 64)
}
