package workload

import (
	"bytes"
	"encoding/json"
	"strconv"

	"metron/internal/forms"
	"metron/schema"
)

// form is how the requests of an API look around their prompt and after it.
type form struct {
	before, after []byte
	templated     bool // the server puts a chat template around the prompt
}

// place is where the prompt goes: as no model is named.
const place = "[the prompt]"

// formOf is the request that stands for a row, around its prompt, in a form that
// there is.
func (p *Prompter) formOf(f forms.Form, r *schema.Record, model string) form {
	body, _ := forms.Build(f, &forms.Conversation{
		Model: model, Stream: r.Stream, Options: p.options(r),
		Messages: []forms.Message{{Role: forms.User, Parts: []forms.Part{{Text: place}}}},
	})
	before, after, _ := bytes.Cut(body, []byte(place))
	return form{before, after, f.Templated()}
}

// options are what a row is asked for. An API that has no name for one goes
// without it: what is made up for it is the prompt, and the length.
func (p *Prompter) options(r *schema.Record) forms.Options {
	choices := max(1, r.ChoiceCount)
	o := forms.Options{Temperature: decimal(r.Temperature), TopP: decimal(r.TopP), TopK: number(r.TopK), Seed: number(r.Seed), EachUsage: p.Extensions}
	if choices > 1 {
		o.Choices = number(&choices)
	}
	length, exact := lengthOf(r, choices)
	o.MaxTokens = number(length)
	switch {
	case !exact:
		o.MinTokens, o.IgnoreEOS = number(r.MinTokens), r.IgnoreEOS
	case p.Extensions:
		o.MinTokens, o.IgnoreEOS = o.MaxTokens, new(true)
	}
	return o
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

func number(v *int64) json.Number {
	if v == nil {
		return ""
	}
	return json.Number(strconv.FormatInt(*v, 10))
}

func decimal(v *float64) json.Number {
	if v == nil {
		return ""
	}
	return json.Number(strconv.FormatFloat(*v, 'g', -1, 64))
}
