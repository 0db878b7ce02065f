package forms

import "encoding/json"

// Options are how an answer is drawn, and how long it may be. Numbers are as
// they were written; "" and nil are what the request does not say.
type Options struct {
	MaxTokens, MinTokens            json.Number
	Temperature, TopP, TopK, Seed   json.Number
	Frequency, Presence, Repetition json.Number // penalties
	Choices                         json.Number // answers
	IgnoreEOS                       *bool
	Stop                            []string

	// EachUsage asks for the counts of tokens with every event of a stream, where
	// an API has a field for it.
	EachUsage bool
}

// optionNames are what an API calls them; "": it has none.
type optionNames struct {
	maxTokens, minTokens            string
	temperature, topP, topK, seed   string
	frequency, presence, repetition string
	choices, ignoreEOS, stop        string
}

// namedNumber is an option, its name in an API, and in OpenAI's, by which it is lost.
type namedNumber struct {
	value        *json.Number
	name, common string
}

func (n *optionNames) numbers(v *Options) []namedNumber {
	return []namedNumber{
		{&v.MaxTokens, n.maxTokens, "max_tokens"},
		{&v.MinTokens, n.minTokens, "min_tokens"},
		{&v.Temperature, n.temperature, "temperature"},
		{&v.TopP, n.topP, "top_p"},
		{&v.TopK, n.topK, "top_k"},
		{&v.Seed, n.seed, "seed"},
		{&v.Frequency, n.frequency, "frequency_penalty"},
		{&v.Presence, n.presence, "presence_penalty"},
		{&v.Repetition, n.repetition, "repetition_penalty"},
		{&v.Choices, n.choices, "n"},
	}
}

// options takes them out of an object.
func (o object) options(n optionNames) (v Options) {
	for _, option := range n.numbers(&v) {
		if option.name != "" {
			*option.value = o.number(option.name)
		}
	}
	if n.ignoreEOS != "" {
		v.IgnoreEOS = o.flag(n.ignoreEOS)
	}
	if n.stop != "" {
		v.Stop = o.texts(n.stop)
	}
	return v
}

// options adds them to an object.
func (m members) options(n optionNames, v Options, l *losses) members {
	for _, option := range n.numbers(&v) {
		switch {
		case option.name != "":
			m = m.maybe(option.name, *option.value)
		case *option.value != "" && !(option.common == "n" && *option.value == "1"):
			l.add(option.common)
		}
	}
	switch {
	case n.ignoreEOS != "":
		m = m.maybe(n.ignoreEOS, v.IgnoreEOS)
	case v.IgnoreEOS != nil:
		l.add("ignore_eos")
	}
	switch {
	case len(v.Stop) == 0:
	case n.stop != "":
		m = m.with(n.stop, v.Stop)
	default:
		l.add("stop")
	}
	return m
}
