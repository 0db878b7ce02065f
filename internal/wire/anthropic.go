package wire

import "encoding/json"

const apiAnthropic = "anthropic.messages"

// anthropic is Anthropic's Messages API, which vLLM, llama.cpp and Ollama serve,
// too: a message in blocks, each with a start, deltas and a stop.
type anthropic struct{}

func (anthropic) event(name, data []byte, e *event) bool { return scanAnthropic(name, data, e) }

func (anthropic) document(body []byte, e *event) bool {
	if scanAnthropic(nil, body, e) {
		return true
	}
	e.reset()
	return json.Valid(body)
}

// scanAnthropic reads an event or a document and reports whether it was one
// whole JSON object. Its type stands in it, and in the event's name beside it.
func scanAnthropic(name, data []byte, e *event) bool {
	s := scanner{b: data}
	if s.peek() != '{' {
		return false
	}
	kind := name
	var message, content kindSet
	var reason, reasonOfDelta []byte
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "type":
			kind = s.str()
		case "message": // of message_start
			message = scanAnthropicMessage(&s, e)
		case "delta":
			content, reasonOfDelta = scanAnthropicDelta(&s, e)
		case "content_block":
			content = scanAnthropicBlock(&s, e)
		case "usage": // of message_delta, or of a document
			scanAnthropicUsage(&s, e)
		case "id": // this and what follows, of a document
			e.id = s.str()
		case "model":
			e.model = s.str()
		case "content":
			content = scanAnthropicBlocks(&s, e)
		case "stop_reason":
			reason = s.str()
		case "error":
			e.failure = failureOf(s.raw())
		default:
			s.skip()
		}
	}
	e.kinds |= message | content
	if len(reasonOfDelta) > 0 {
		reason = reasonOfDelta
	}
	if len(reason) > 0 {
		e.kinds.put(Finish, true)
		e.finish = append(e.finish, finish{0, reason})
	}
	switch string(kind) {
	case "ping":
		e.kinds.put(Ping, true)
	case "message_stop":
		e.kinds.put(Done, true)
	case "error":
		if e.failure == nil {
			e.failure = data
		}
	}
	e.kinds.put(Error, e.failure != nil)
	if isContent(content.lowest()) {
		e.choices = 1
	}
	return s.ok()
}

// scanAnthropicMessage reads the message that message_start announces. Its output
// is not known yet: the count in its place is 1, or 0, whatever follows.
func scanAnthropicMessage(s *scanner, e *event) (kinds kindSet) {
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "id":
			e.id = s.str()
		case "model":
			e.model = s.str()
		case "role":
			kinds.put(Role, len(s.str()) > 0)
		case "usage":
			scanAnthropicUsage(s, e)
			e.usage.output, e.usage.reasoning = -1, -1
		default:
			s.skip()
		}
	}
	return kinds
}

// scanAnthropicBlocks reads the content of a document.
func scanAnthropicBlocks(s *scanner, e *event) (kinds kindSet) {
	for in := s.into('['); in && s.next(']'); {
		kinds |= scanAnthropicBlock(s, e)
	}
	return kinds
}

// scanAnthropicBlock reads a block, or the start of one. The start of a text or
// of a thought is empty; that of a tool's use has its name, which the model
// wrote. What a tool found is not the model's.
func scanAnthropicBlock(s *scanner, e *event) (kinds kindSet) {
	var block []byte
	var name, text, thinking, hidden bool
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "type":
			block = s.str()
		case "text":
			text = e.say(s.str())
		case "thinking":
			thinking = e.say(s.str())
		case "data": // a thought that is encrypted
			hidden = len(s.str()) > 0
		case "name":
			name = e.say(s.str())
		case "input": // whole in a document only, and not as the model wrote it
			if raw := s.raw(); string(raw) != "{}" {
				e.unsaid = true
			}
		default:
			s.skip()
		}
	}
	switch string(block) {
	case "text":
		kinds.put(Content, text)
	case "thinking":
		kinds.put(Reasoning, thinking)
	case "redacted_thinking":
		kinds.put(Reasoning, hidden)
		e.unsaid = e.unsaid || hidden
	case "tool_use", "server_tool_use", "mcp_tool_use":
		kinds.put(Tool, name)
	}
	return kinds
}

// scanAnthropicDelta reads what content_block_delta adds to a block, and the
// reason to stop in that of message_delta. A signature is no token.
func scanAnthropicDelta(s *scanner, e *event) (kinds kindSet, reason []byte) {
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "text":
			kinds.put(Content, e.say(s.str()))
		case "thinking":
			kinds.put(Reasoning, e.say(s.str()))
		case "partial_json":
			kinds.put(Tool, e.say(s.str()))
		case "stop_reason":
			reason = s.str()
		default:
			s.skip()
		}
	}
	return kinds, reason
}

// scanAnthropicUsage reads a usage. Its input_tokens are those that no cache had
// a part in; the row's, as OpenTelemetry's, are all.
func scanAnthropicUsage(s *scanner, e *event) {
	e.usage = noUsage()
	e.kinds.put(Usage, s.peek() == '{')
	written := int64(-1)
	u := &e.usage
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "input_tokens":
			u.input = tokenCount(s)
		case "cache_creation_input_tokens":
			written = tokenCount(s)
		case "cache_read_input_tokens":
			u.cached = tokenCount(s)
		case "output_tokens":
			u.output = tokenCount(s)
		case "output_tokens_details":
			u.reasoning = scanDetail(s, "thinking_tokens")
		default:
			s.skip()
		}
	}
	if u.input >= 0 {
		u.input += max(0, written) + max(0, u.cached)
	}
}
