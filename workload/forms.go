package workload

import (
	"bytes"
	"encoding/json"
	"strconv"

	"metron/internal/forms"
	"metron/schema"
)

// place is where a message goes: as no model is named.
const place = "[the prompt]"

// formOf is the request that stands for a row, around so many messages of the user and
// the assistant by turns, in a form that there is.
func (p *Prompter) formOf(f forms.Form, r *schema.Record, model string, messages int) [][]byte {
	c := forms.Conversation{Model: model, Stream: r.Stream, Options: p.options(r), Plain: !p.Extensions}
	for i := range messages {
		role := []forms.Role{forms.User, forms.Assistant}[i%2]
		c.Messages = append(c.Messages, forms.Message{Role: role, Parts: []forms.Part{{Text: place}}})
	}
	body, _ := forms.Build(f, &c)
	return bytes.Split(body, []byte(place))
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
