package wire

import "bytes"

// openAI is chat completions and completions: their chunks and documents
// differ in names that do not collide, so one reader takes both.
type openAI struct{}

func (openAI) event(name, data []byte, e *event) bool {
	data = bytes.TrimSpace(data)
	if string(data) == "[DONE]" {
		e.kinds.put(Done, true)
		return true
	}
	ok := scanOpenAI(data, e)
	if string(name) == "error" {
		if !ok { // text, not JSON; what was read before the break is void
			e.reset()
		}
		e.kinds.put(Error, true)
		if e.failure == nil {
			e.failure = data
		}
		return true
	}
	return ok
}

func (openAI) document(body []byte, e *event) bool {
	if scanOpenAI(body, e) {
		return true
	}
	e.reset()
	s := scanner{b: body}
	s.skip()
	return s.ok()
}

// scanOpenAI reads a chunk or a document and reports whether it was one whole
// JSON object. A name that stands twice counts as it stands last.
func scanOpenAI(data []byte, e *event) bool {
	s := scanner{b: data}
	if s.peek() != '{' {
		return false
	}
	var object []byte
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "choices":
			scanChoices(&s, e)
		case "id":
			e.id = s.str()
		case "model":
			e.model = s.str()
		case "object":
			object = s.str()
		case "usage":
			e.usage = noUsage()
			e.kinds.put(Usage, s.peek() == '{')
			scanUsage(&s, &e.usage)
		case "error":
			e.failure = failureOf(s.raw())
		case "timings": // llama.cpp
			e.timings = objectOf(s.raw())
		case "metrics": // vLLM
			e.metrics = objectOf(s.raw())
		default:
			s.skip()
		}
	}
	if e.failure == nil && string(object) == "error" {
		e.failure = data
	}
	e.kinds.put(Error, e.failure != nil)
	return s.ok()
}

// failureOf returns an error value if it is one: null, false and "" are not.
func failureOf(raw []byte) []byte {
	if len(raw) > 2 && (raw[0] == '{' || raw[0] == '"') || string(raw) == "{}" {
		return raw
	}
	return nil
}

// objectOf returns raw if it is an object.
func objectOf(raw []byte) []byte {
	if len(raw) > 0 && raw[0] == '{' {
		return raw
	}
	return nil
}

func scanChoices(s *scanner, e *event) {
	e.resetChoices()
	for in := s.into('['); in && s.next(']'); {
		if s.peek() != '{' {
			s.skip()
			continue
		}
		scanChoice(s, e)
	}
}

func scanChoice(s *scanner, e *event) {
	var delta, message, text kindSet
	var index int64
	var reason []byte
	tokenIDs, logprobs := int64(-1), int64(-1)
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "delta":
			delta = scanMessage(s, e)
		case "message":
			message = scanMessage(s, e)
		case "text":
			text.put(Content, e.say(s.str()))
		case "index":
			index, _ = s.integer()
		case "finish_reason":
			reason = s.str()
		case "token_ids":
			tokenIDs = s.count()
		case "logprobs":
			logprobs = scanLogprobs(s)
		default:
			s.skip()
		}
	}
	kinds := delta | message | text
	if tokenIDs > 0 && !isContent(kinds.lowest()) {
		kinds.put(Content, true)
	}
	if len(reason) > 0 {
		kinds.put(Finish, true)
		e.finish = append(e.finish, finish{index, reason})
	}
	e.kinds |= kinds
	if e.choices == 0 {
		e.choice = index
	}
	e.choices++
	e.report(byTokenIDs, tokenIDs)
	e.report(byLogprobs, logprobs)
}

// report adds the tokens that a choice reports; -1 is none.
func (e *event) report(source int, tokens int64) {
	if tokens >= 0 {
		e.counts[source] = max(0, e.counts[source]) + tokens
	}
}

// scanMessage reads a `delta` or `message`.
func scanMessage(s *scanner, e *event) (kinds kindSet) {
	var reasoning, reasoningContent, calls, call bool
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "content":
			kinds.put(Content, filled(s, e))
		case "reasoning_content":
			reasoningContent = filled(s, e)
		case "reasoning":
			reasoning = filled(s, e)
		case "tool_calls":
			calls = scanToolCalls(s, e)
		case "function_call":
			call = scanFunction(s, e)
		case "refusal":
			kinds.put(Refusal, filled(s, e))
		case "role":
			kinds.put(Role, len(s.str()) > 0)
		default:
			s.skip()
		}
	}
	kinds.put(Reasoning, reasoning || reasoningContent)
	kinds.put(Tool, calls || call)
	return kinds
}

// filled skips a text and reports whether there is any: a string that is not
// empty, or a list of content parts with one in it.
func filled(s *scanner, e *event) bool {
	if s.peek() == '[' {
		e.unsaid = true
		return s.count() > 0
	}
	return e.say(s.str())
}

// scanToolCalls reports whether any fragment in the list says something.
func scanToolCalls(s *scanner, e *event) (said bool) {
	for in := s.into('['); in && s.next(']'); {
		var function, custom bool
		for in := s.into('{'); in && s.next('}'); {
			switch string(s.key()) {
			case "function":
				function = scanFunction(s, e)
			case "custom":
				custom = scanFunction(s, e)
			default:
				s.skip()
			}
		}
		said = said || function || custom
	}
	return said
}

// scanFunction reports whether a function's name or arguments hold text.
func scanFunction(s *scanner, e *event) bool {
	var name, arguments, input bool
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "name":
			name = e.say(s.str())
		case "arguments":
			e.unsaid = e.unsaid || s.peek() == '{' // Ollama: not the text that the model wrote
			arguments = e.say(s.str())
		case "input":
			input = e.say(s.str())
		default:
			s.skip()
		}
	}
	return name || arguments || input
}
