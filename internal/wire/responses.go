package wire

import (
	"bytes"
	"encoding/json"
)

const apiResponses = "openai.responses"

// responses is OpenAI's Responses API: a stream of events that say by their
// type what they are, and at the end the whole response once more.
type responses struct{}

func (responses) event(name, data []byte, e *event) bool {
	if string(bytes.TrimSpace(data)) == "[DONE]" { // some servers end as chat does
		e.kinds.put(Done, true)
		return true
	}
	return scanResponses(name, data, e)
}

func (responses) document(body []byte, e *event) bool {
	if scanResponses(nil, body, e) {
		return true
	}
	e.reset()
	return json.Valid(body)
}

// response is what is taken from a response object, in an event or by itself.
type response struct {
	status, reason []byte
}

// scanResponses reads an event or a document and reports whether it was one
// whole JSON object.
func scanResponses(name, data []byte, e *event) bool {
	s := scanner{b: data}
	if s.peek() != '{' {
		return false
	}
	kind := name
	var item kindSet
	var added bool
	var delta []byte
	var r response
	logprobs := int64(-1)
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "type":
			kind = s.str()
		case "delta":
			delta = s.str()
		case "logprobs":
			logprobs = s.count()
		case "item":
			item, added = scanItem(&s, e)
		case "response":
			scanResponse(&s, e, &r)
		case "id": // this and what follows, of a document
			e.id = s.str()
		case "model":
			e.model = s.str()
		case "status":
			r.status = s.str()
		case "incomplete_details":
			r.reason = scanReason(&s)
		case "usage":
			scanResponsesUsage(&s, e)
		case "error":
			e.failure = failureOf(s.raw())
		default:
			s.skip()
		}
	}
	switch string(kind) {
	case "response.output_text.delta":
		e.put(Content, delta)
		if logprobs > 0 { // an empty list stands where none were asked for
			e.report(byLogprobs, logprobs)
		}
	case "response.reasoning_text.delta", "response.reasoning_summary_text.delta",
		"response.reasoning.delta", "response.reasoning_summary.delta":
		e.put(Reasoning, delta)
	case "response.refusal.delta":
		e.put(Refusal, delta)
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta",
		"response.mcp_call_arguments.delta", "response.code_interpreter_call_code.delta":
		e.put(Tool, delta)
	case "response.output_item.added":
		e.kinds |= item
		if added {
			e.choices = 1
		}
	case "response.completed", "response.incomplete", "response.failed", "response.cancelled":
		e.kinds.put(Done, true)
	case "error":
		if e.failure == nil {
			e.failure = data
		}
	}
	if !item.has(Tool) && len(delta) == 0 {
		e.text = e.text[:0]
	}
	switch reason := r.reason; {
	case string(r.status) == "failed" && e.failure == nil:
		e.failure = data
	case string(r.status) == "completed":
		e.stop(r.status)
	case string(r.status) == "incomplete" || string(r.status) == "cancelled":
		if len(reason) == 0 {
			reason = r.status
		}
		e.stop(reason)
	}
	e.kinds.put(Error, e.failure != nil)
	return s.ok()
}

// put notes a delta of a kind.
func (e *event) put(k Kind, delta []byte) {
	if e.say(delta) {
		e.kinds.put(k, true)
		e.choices = 1
	}
}

// stop notes the finish reason of the only choice.
func (e *event) stop(reason []byte) {
	e.kinds.put(Finish, true)
	e.finish = append(e.finish, finish{0, reason})
}

// scanResponse reads the response as it stands at an event. Its output has been
// streamed, or will be.
func scanResponse(s *scanner, e *event, r *response) {
	*r = response{}
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "id":
			e.id = s.str()
		case "model":
			e.model = s.str()
		case "status":
			r.status = s.str()
		case "incomplete_details":
			r.reason = scanReason(s)
		case "usage":
			scanResponsesUsage(s, e)
		case "error":
			e.failure = failureOf(s.raw())
		default:
			s.skip()
		}
	}
}

func scanReason(s *scanner) (reason []byte) {
	for in := s.into('{'); in && s.next('}'); {
		if string(s.key()) == "reason" {
			reason = s.str()
		} else {
			s.skip()
		}
	}
	return reason
}

// scanItem reads an item of the output: a tool's call has a name, which the
// model wrote, a message its role. said: there is such a name.
func scanItem(s *scanner, e *event) (kinds kindSet, said bool) {
	var name, role []byte
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "name":
			name = s.str()
		case "role":
			role = s.str()
		default:
			s.skip()
		}
	}
	said = e.say(name)
	kinds.put(Tool, said)
	kinds.put(Role, len(role) > 0)
	return kinds, said
}

func scanResponsesUsage(s *scanner, e *event) {
	e.usage = noUsage()
	e.kinds.put(Usage, s.peek() == '{')
	u := &e.usage
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "input_tokens":
			u.input = tokenCount(s)
		case "output_tokens":
			u.output = tokenCount(s)
		case "input_tokens_details":
			u.cached = scanDetail(s, "cached_tokens")
		case "output_tokens_details":
			u.reasoning = scanDetail(s, "reasoning_tokens")
		default:
			s.skip()
		}
	}
}
