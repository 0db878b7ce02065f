package forms

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"metron/internal/wire"
	"metron/schema"
)

// Form is a way to spell requests: one of the values of the column api, or for an
// API with several kinds of body one of those below.
type Form string

const (
	SageMakerTGI  Form = schema.APISageMaker + ".tgi"  // {"inputs": ...}; without it a chat
	BedrockInvoke Form = schema.APIBedrock + ".invoke" // of Anthropic's models; without it Converse
)

// spelling is a line of the table of forms.
type spelling struct {
	form  Form
	parse func(object, *Conversation)
	build func(*Conversation, *losses) members

	// Where the body names the model and asks for a stream; otherwise the
	// path does, or nothing.
	model, stream bool
	templated     bool // the server puts a chat template around the text
}

// spellings is the table: an array, which costs no allocation.
func spellings() [12]spelling {
	return [...]spelling{
		{schema.APIChat, parseChat, buildChat, true, true, true},
		{schema.APICompletions, parseCompletions, buildCompletions, true, true, false},
		{schema.APIResponses, parseResponses, buildResponses, true, true, true},
		{schema.APIMessages, parseAnthropic, buildAnthropic, true, true, true},
		{schema.APIOllamaChat, parseOllamaChat, buildOllamaChat, true, true, true},
		{schema.APIOllamaGenerate, parseOllamaGenerate, buildOllamaGenerate, true, true, true},
		{schema.APITGIGenerate, parseTGI, buildTGI, false, false, false},
		{schema.APIGemini, parseGemini, buildGemini, false, false, true},
		{schema.APIBedrock, parseConverse, buildConverse, false, false, true},
		{BedrockInvoke, parseAnthropic, buildInvoke, false, false, true},
		{schema.APISageMaker, parseChat, buildSageMaker, false, true, true},
		{SageMakerTGI, parseTGI, buildSageMakerTGI, false, true, false},
	}
}

func (f Form) spelling() (spelling, bool) {
	for _, s := range spellings() {
		if s.form == f {
			return s, true
		}
	}
	return spelling{}, false
}

// Names lists the forms.
func Names() (names []string) {
	for _, s := range spellings() {
		names = append(names, string(s.form))
	}
	return names
}

// ParseForm reads the name of a form.
func ParseForm(text string) (Form, error) {
	if _, ok := Form(text).spelling(); !ok {
		return "", fmt.Errorf("%q is none of %s", text, strings.Join(Names(), ", "))
	}
	return Form(text), nil
}

// Of is the form of a recorded request; "" if there is none for its API. Without a
// body it is the one that can be made up.
func Of(api, path string, body []byte) Form {
	switch api {
	case schema.APIBedrock:
		invoked := strings.HasSuffix(path, "/invoke") || strings.HasSuffix(path, "/invoke-with-response-stream")
		if invoked && (body != nil || strings.Contains(path, "anthropic.")) {
			return BedrockInvoke
		}
	case schema.APISageMaker:
		var fields map[string]json.RawMessage
		if json.Unmarshal(body, &fields) == nil && fields["inputs"] != nil {
			return SageMakerTGI
		}
	}
	if !Known(api) {
		return ""
	}
	return Form(api)
}

// Known reports whether there is a form for an API.
func Known(api string) bool {
	_, ok := Form(api).spelling()
	return ok
}

// API is the value of the column api.
func (f Form) API() string {
	switch f {
	case SageMakerTGI:
		return schema.APISageMaker
	case BedrockInvoke:
		return schema.APIBedrock
	}
	return string(f)
}

// ModelInBody and StreamInBody report whether requests say so in a field.
func (f Form) ModelInBody() bool {
	s, _ := f.spelling()
	return s.model
}

func (f Form) StreamInBody() bool {
	s, _ := f.spelling()
	return s.stream
}

// NeedsModel reports whether requests say the model at all.
func (f Form) NeedsModel() bool { return f.API() != schema.APITGIGenerate }

// Templated reports whether the server puts a chat template around the text.
func (f Form) Templated() bool {
	s, _ := f.spelling()
	return s.templated
}

// Parse takes a recorded request apart. lost names what of it no other API is told.
func Parse(f Form, path string, body []byte) (c *Conversation, lost []string, err error) {
	s, ok := f.spelling()
	if !ok {
		return nil, nil, fmt.Errorf("api %q has no form", f)
	}
	if !json.Valid(body) {
		return nil, nil, errors.New("the body is not JSON, or not all of it")
	}
	var r reading
	o := r.open(body, "")
	c = &Conversation{}
	s.parse(o, c)
	o.rest()
	if r.err != nil {
		return nil, nil, r.err
	}
	if len(c.Messages) == 0 {
		return nil, nil, errors.New("it says nothing")
	}
	said := wire.ParseRequest("POST", path, nil)
	if c.Model == "" {
		c.Model = said.Model
	}
	if said.API == f.API() && said.Stream && (!s.stream || f.API() == schema.APISageMaker) {
		c.Stream = true
	}
	c.settle()
	return c, r.list(), nil
}

// Build makes the body of a request. lost names what the API has no place for.
func Build(f Form, c *Conversation) (body []byte, lost []string) {
	s, _ := f.spelling()
	var l losses
	body = appendValue(nil, s.build(c, &l))
	return body, l.list()
}
