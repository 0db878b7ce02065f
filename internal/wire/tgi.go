package wire

import "encoding/json"

const apiTGI = "tgi.generate"

// tgi is the API of Text Generation Inference: events of one token each, the
// last of which has the whole text, too.
type tgi struct {
	stream bool // the path streams: nothing in the request says so
}

func (t tgi) request(_ string, body []byte, r *Request) {
	r.Stream = t.stream
	s := scanner{b: body}
	for in := s.into('{'); in && s.next('}'); {
		if string(s.key()) == "parameters" {
			scanParameters(&s, r)
		} else {
			s.skip()
		}
	}
}

func scanParameters(s *scanner, r *Request) {
	r.MaxTokens, r.TopK, r.Seed, r.Temperature, r.TopP, r.ResponseFormat = nil, nil, nil, nil, nil, ""
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "max_new_tokens":
			r.MaxTokens = optional(s.integer())
		case "top_k":
			r.TopK = optional(s.integer())
		case "seed":
			r.Seed = optional(s.integer())
		case "temperature":
			r.Temperature = s.float()
		case "top_p":
			r.TopP = s.float()
		case "grammar":
			r.ResponseFormat = clip(scanFormat(s), MaxLabel)
		default:
			s.skip()
		}
	}
}

func (tgi) event(_, data []byte, e *event) bool { return scanTGI(data, e) }

func (tgi) document(body []byte, e *event) bool {
	if scanTGI(body, e) {
		return true
	}
	e.reset()
	return json.Valid(body)
}

// scanTGI reads an event or a document and reports whether it was one whole
// JSON object.
func scanTGI(data []byte, e *event) bool {
	s := scanner{b: data}
	if s.peek() != '{' {
		return false
	}
	var reason []byte
	content, tokens := false, int64(-1)
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "token":
			content, tokens = scanTGIToken(&s, e)
		case "generated_text": // null until the last event
			e.kinds.put(Done, s.peek() == '"')
			s.skip()
		case "details":
			reason = scanTGIDetails(&s, &e.usage)
		case "error":
			e.failure = failureOf(s.raw())
		default:
			s.skip()
		}
	}
	e.kinds.put(Content, content)
	e.kinds.put(Usage, e.usage.input >= 0 || e.usage.output >= 0)
	e.kinds.put(Error, e.failure != nil)
	if len(reason) > 0 {
		e.kinds.put(Finish, true)
		e.finish = append(e.finish, finish{0, reason})
	}
	if e.failure != nil {
		e.failure = data // its type stands beside it
		return s.ok()
	}
	e.choices = 1
	e.report(byTokenIDs, tokens)
	return s.ok()
}

// scanTGIToken reports whether a token is of the answer, and how many it is. A
// special one (end of text) has a text that no client shows.
func scanTGIToken(s *scanner, e *event) (content bool, tokens int64) {
	tokens = -1
	var text, special bool
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "id":
			tokens = -1
			if _, ok := s.integer(); ok {
				tokens = 1
			}
		case "text":
			text = e.say(s.str())
		case "special":
			special = string(s.raw()) == "true"
		default:
			s.skip()
		}
	}
	return !special && (text || tokens > 0), tokens
}

func scanTGIDetails(s *scanner, u *usage) (reason []byte) {
	*u = noUsage()
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "finish_reason":
			reason = s.str()
		case "generated_tokens":
			u.output = tokenCount(s)
		case "input_length":
			u.input = tokenCount(s)
		default:
			s.skip()
		}
	}
	return reason
}
