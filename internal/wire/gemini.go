package wire

import "encoding/json"

const apiGemini = "gemini.generate"

// gemini is the API of Gemini and of Vertex AI: each event is a response in
// small, with the usage so far.
type gemini struct {
	stream bool // the path streams: nothing in the request says so
}

func (gemini) event(_, data []byte, e *event) bool { return scanGemini(data, e) }

func (gemini) document(body []byte, e *event) bool {
	if scanGemini(body, e) {
		return true
	}
	e.reset()
	return json.Valid(body)
}

// scanGemini reads an event or a document and reports whether it was one whole
// JSON object.
func scanGemini(data []byte, e *event) bool {
	s := scanner{b: data}
	if s.peek() != '{' {
		return false
	}
	var blocked []byte
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "candidates":
			scanCandidates(&s, e)
		case "promptFeedback":
			blocked = scanBlockReason(&s)
		case "usageMetadata":
			scanGeminiUsage(&s, e)
		case "modelVersion":
			e.model = s.str()
		case "responseId":
			e.id = s.str()
		case "error":
			e.failure = failureOf(s.raw())
		default:
			s.skip()
		}
	}
	if len(blocked) > 0 && len(e.finish) == 0 { // a prompt that is refused has no candidates
		e.stop(blocked)
	}
	e.kinds.put(Error, e.failure != nil)
	return s.ok()
}

func scanCandidates(s *scanner, e *event) {
	e.resetChoices()
	for in := s.into('['); in && s.next(']'); {
		if s.peek() != '{' {
			s.skip()
			continue
		}
		scanCandidate(s, e)
	}
}

func scanCandidate(s *scanner, e *event) {
	var kinds kindSet
	var index int64
	var reason []byte
	logprobs := int64(-1)
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "content":
			kinds = scanGeminiContent(s, e)
		case "index":
			index, _ = s.integer()
		case "finishReason":
			reason = s.str()
		case "logprobsResult":
			logprobs = scanChosen(s)
		default:
			s.skip()
		}
	}
	if len(reason) > 0 {
		kinds.put(Role, false) // every event has the role: that of the last is no news
		kinds.put(Finish, true)
		e.finish = append(e.finish, finish{index, reason})
	}
	e.kinds |= kinds
	if e.choices == 0 {
		e.choice = index
	}
	e.choices++
	e.report(byLogprobs, logprobs)
}

func scanGeminiContent(s *scanner, e *event) (kinds kindSet) {
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "parts":
			for in := s.into('['); in && s.next(']'); {
				kinds |= scanGeminiPart(s, e)
			}
		case "role":
			kinds.put(Role, len(s.str()) > 0)
		default:
			s.skip()
		}
	}
	return kinds
}

// scanGeminiPart reads a part of an answer: text, a thought, a call, code, or
// an image. What ran code found is not the model's.
func scanGeminiPart(s *scanner, e *event) (kinds kindSet) {
	var text, thought bool
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "text":
			text = e.say(s.str())
		case "thought":
			thought = string(s.raw()) == "true"
		case "functionCall":
			kinds.put(Tool, s.peek() == '{')
			e.unsaid = true // its arguments are no longer as the model wrote them
			s.skip()
		case "executableCode":
			kinds.put(Tool, s.peek() == '{')
			e.unsaid = true
			s.skip()
		case "inlineData":
			kinds.put(Content, s.peek() == '{')
			e.unsaid = true
			s.skip()
		default:
			s.skip()
		}
	}
	if text && thought {
		kinds.put(Reasoning, true)
	} else if text {
		kinds.put(Content, true)
	}
	return kinds
}

// scanChosen counts the tokens in a logprobsResult, -1 without any.
func scanChosen(s *scanner) int64 {
	n := int64(-1)
	for in := s.into('{'); in && s.next('}'); {
		if string(s.key()) == "chosenCandidates" {
			n = s.count()
		} else {
			s.skip()
		}
	}
	return n
}

func scanBlockReason(s *scanner) (reason []byte) {
	for in := s.into('{'); in && s.next('}'); {
		if string(s.key()) == "blockReason" {
			reason = s.str()
		} else {
			s.skip()
		}
	}
	return reason
}

// scanGeminiUsage reads a usage, which is that of all candidates. Its
// candidates' tokens do not hold the thoughts; the row's output, as
// OpenTelemetry's, does.
func scanGeminiUsage(s *scanner, e *event) {
	e.usage = noUsage()
	e.kinds.put(Usage, s.peek() == '{')
	e.usageOfAll, e.apart, e.answer = true, true, -1
	u := &e.usage
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "promptTokenCount":
			u.input = tokenCount(s)
		case "cachedContentTokenCount":
			u.cached = tokenCount(s)
		case "candidatesTokenCount":
			e.answer = tokenCount(s)
		case "thoughtsTokenCount":
			u.reasoning = tokenCount(s)
		default:
			s.skip()
		}
	}
	if e.answer >= 0 || u.reasoning >= 0 {
		u.output = max(0, e.answer) + max(0, u.reasoning)
	}
}
