package wire

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
)

const apiBedrock = "bedrock"

// bedrock is AWS Bedrock's runtime: Converse, whose events are the same for all
// models, and InvokeModel, which passes what the model's maker defines.
type bedrock struct {
	stream bool // the path streams: nothing in the request says so
}

func (bedrock) event(name, data []byte, e *event) bool {
	if string(name) != "chunk" {
		return scanConverse(name, data, e)
	}
	inner, ok := chunkOf(data)
	return ok && scanInvoked(inner, e)
}

func (bedrock) document(body []byte, e *event) bool {
	if scanInvoked(body, e) {
		return true
	}
	e.reset()
	return json.Valid(body)
}

// chunkOf is what a chunk of InvokeModelWithResponseStream carries.
func chunkOf(data []byte) ([]byte, bool) {
	s := scanner{b: data}
	if s.peek() != '{' {
		return nil, false
	}
	var inside []byte
	for s.enter('{'); s.next('}'); {
		if string(s.key()) == "bytes" {
			inside = s.str()
		} else {
			s.skip()
		}
	}
	if !s.ok() {
		return nil, false
	}
	chunk := make([]byte, base64.StdEncoding.DecodedLen(len(inside)))
	n, err := base64.StdEncoding.Decode(chunk, inside)
	return chunk[:n], err == nil
}

// scanConverse reads an event of ConverseStream and reports whether it was one
// whole JSON object.
func scanConverse(name, data []byte, e *event) bool {
	s := scanner{b: data}
	if s.peek() != '{' {
		return false
	}
	scanConverseBody(&s, string(name), e)
	return s.ok()
}

// scanConverseBody reads the body of an event of that name. A thought's
// signature is no token.
func scanConverseBody(s *scanner, name string, e *event) {
	var kinds kindSet
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "role":
			kinds.put(Role, len(s.str()) > 0)
		case "start", "delta":
			kinds |= scanConverseBlock(s, e)
		case "stopReason":
			if reason := s.str(); len(reason) > 0 {
				e.stop(reason)
			}
		case "usage":
			scanConverseUsage(s, e)
		case "metrics":
			e.metrics = objectOf(s.raw())
		default:
			s.skip()
		}
	}
	if name == "messageStart" || kinds != 1<<Role {
		e.kinds |= kinds
	}
	if isContent(kinds.lowest()) {
		e.choices = 1
	}
}

// scanConverseBlock reads the start of a content block, what is added to it, or
// a whole one.
func scanConverseBlock(s *scanner, e *event) (kinds kindSet) {
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "text":
			kinds.put(Content, e.say(s.str()))
		case "reasoningContent":
			kinds.put(Reasoning, scanTexts(s, e))
		case "toolUse":
			kinds.put(Tool, scanTexts(s, e))
		default:
			s.skip()
		}
	}
	return kinds
}

// scanTexts says what stands in an object that a model wrote: a thought's text, a
// tool's name or a piece of its input. said: there is any.
func scanTexts(s *scanner, e *event) (said bool) {
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "text", "name", "input":
			said = e.say(s.str()) || said
		case "reasoningText": // of a document
			said = scanTexts(s, e) || said
		case "redactedContent":
			if len(s.str()) > 0 {
				said, e.unsaid = true, true
			}
		default:
			s.skip()
		}
	}
	return said
}

// scanConverseUsage reads a usage, as Converse spells it or Nova. Its inputTokens
// are those that no cache had a part in.
func scanConverseUsage(s *scanner, e *event) {
	e.usage = noUsage()
	e.kinds.put(Usage, s.peek() == '{')
	u, written := &e.usage, int64(-1)
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "inputTokens":
			u.input = tokenCount(s)
		case "outputTokens":
			u.output = tokenCount(s)
		case "cacheReadInputTokens", "cacheReadInputTokenCount":
			u.cached = tokenCount(s)
		case "cacheWriteInputTokens", "cacheWriteInputTokenCount":
			written = tokenCount(s)
		default:
			s.skip()
		}
	}
	if u.input >= 0 {
		u.input += max(0, written) + max(0, u.cached)
	}
}

// scanInvoked reads what a model's maker sends: Anthropic, OpenAI and those that
// have names of their own, told apart by their fields. Bedrock adds what it
// measured to the last event.
func scanInvoked(data []byte, e *event) bool {
	s := scanner{b: data}
	if s.peek() != '{' {
		return false
	}
	var text, reason, measured []byte
	maker, named := "", int64(-1)
	for s.enter('{'); s.next('}'); {
		switch name := string(s.key()); name {
		case "type":
			maker = "anthropic"
			s.skip()
		case "choices":
			maker = "openai"
			s.skip()
		case "messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata": // Nova
			scanConverseBody(&s, name, e)
		case "output": // a document of Converse or Nova
			maker = "converse"
			s.skip()
		case "generation", "outputText", "text": // Llama, Titan, Cohere
			text = s.str()
		case "outputs", "results": // Mistral, a document of Titan
			scanOutputs(&s, e)
		case "stop_reason", "completionReason", "finish_reason":
			reason = s.str()
		case "prompt_token_count", "inputTextTokenCount":
			e.usage.input = tokenCount(&s)
		case "generation_token_count", "totalOutputTextTokenCount":
			named = tokenCount(&s)
		case "amazon-bedrock-invocationMetrics":
			measured = s.raw()
		case "error":
			e.failure = failureOf(s.raw())
		default:
			s.skip()
		}
	}
	if !s.ok() {
		return false
	}
	switch maker {
	case "anthropic":
		e.reset()
		scanAnthropic(nil, data, e)
	case "openai":
		e.reset()
		scanOpenAI(data, e)
	case "converse":
		e.reset()
		scanConverseDocument(data, e)
	default:
		if named >= 0 {
			e.usage.output = named
		}
		if len(text) > 0 {
			e.put(Content, text)
		}
		if len(reason) > 0 {
			e.stop(reason)
		}
		e.kinds.put(Usage, e.usage.input >= 0 || e.usage.output >= 0)
		e.kinds.put(Error, e.failure != nil)
	}
	if measured != nil {
		scanMeasured(measured, e)
	}
	return true
}

// scanOutputs reads Mistral's list of texts, or Titan's.
func scanOutputs(s *scanner, e *event) {
	for in := s.into('['); in && s.next(']'); {
		for in := s.into('{'); in && s.next('}'); {
			switch string(s.key()) {
			case "text", "outputText":
				e.put(Content, s.str())
			case "stop_reason", "completionReason":
				if reason := s.str(); len(reason) > 0 {
					e.stop(reason)
				}
			case "tokenCount":
				e.usage.output = tokenCount(s)
			default:
				s.skip()
			}
		}
	}
}

func scanConverseDocument(data []byte, e *event) {
	s := scanner{b: data}
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "stopReason":
			if reason := s.str(); len(reason) > 0 {
				e.stop(reason)
			}
		case "usage":
			scanConverseUsage(&s, e)
		case "metrics":
			e.metrics = objectOf(s.raw())
		default:
			s.skip()
		}
	}
}

// scanMeasured reads Bedrock's invocation metrics: they end a response. Their input
// is what no cache had a part in; where they say nothing of a cache there may be one
// all the same, and what the model's maker told is surer.
func scanMeasured(data []byte, e *event) {
	s := scanner{b: data}
	e.metrics = data
	u, written := noUsage(), int64(-1)
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "inputTokenCount":
			u.input = tokenCount(&s)
		case "outputTokenCount":
			u.output = tokenCount(&s)
		case "cacheReadInputTokenCount":
			u.cached = tokenCount(&s)
		case "cacheWriteInputTokenCount":
			written = tokenCount(&s)
		default:
			s.skip()
		}
	}
	switch {
	case u.input < 0:
	case written >= 0 || u.cached >= 0:
		u.input += max(0, written) + max(0, u.cached)
	case e.usage.input >= 0:
		u.input = -1
	default:
		e.inputUnsure = true
	}
	if e.usage.join(u); e.usage.input >= 0 || e.usage.output >= 0 {
		e.kinds.put(Usage, true)
	}
	e.kinds.put(Done, true)
}

// usageHeaders is the usage that Bedrock tells in the head of a response.
func usageHeaders(h http.Header) usage {
	u := noUsage()
	for name, n := range map[string]*int64{"X-Amzn-Bedrock-Input-Token-Count": &u.input, "X-Amzn-Bedrock-Output-Token-Count": &u.output} {
		if told, err := strconv.ParseInt(h.Get(name), 10, 64); err == nil && told >= 0 && told <= maxCount {
			*n = told
		}
	}
	return u
}
