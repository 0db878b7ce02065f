package wire

import (
	"encoding/json"
	"strconv"
)

const (
	apiOllamaChat     = "ollama.chat"
	apiOllamaGenerate = "ollama.generate"
)

// ollama is Ollama's own API, chat and generate: a line each event, the last
// one with `done`. Their names do not collide, so one reader takes both.
type ollama struct{}

func (ollama) event(_, data []byte, e *event) bool { return scanOllama(data, e) }

func (ollama) document(body []byte, e *event) bool {
	if scanOllama(body, e) {
		return true
	}
	e.reset()
	return json.Valid(body)
}

// scanOllama reads a line or a document and reports whether it was one whole
// JSON object.
func scanOllama(data []byte, e *event) bool {
	s := scanner{b: data}
	if s.peek() != '{' {
		return false
	}
	var message, text kindSet
	var answer, done bool
	var reason []byte
	logprobs := int64(-1)
	times := ollamaTimes{-1, -1, -1, -1}
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "model":
			e.model = s.str()
		case "message":
			answer = true
			message = scanOllamaMessage(&s, e)
		case "response":
			answer = true
			text.put(Content, e.say(s.str()))
		case "thinking":
			text.put(Reasoning, e.say(s.str()))
		case "tool_calls":
			text.put(Tool, scanToolCalls(&s, e))
		case "logprobs":
			logprobs = s.count()
		case "done":
			done = string(s.raw()) == "true"
		case "done_reason":
			reason = s.str()
		case "prompt_eval_count":
			e.usage.input = tokenCount(&s)
		case "eval_count":
			e.usage.output = tokenCount(&s)
		case "total_duration":
			times[0] = duration(&s)
		case "load_duration":
			times[1] = duration(&s)
		case "prompt_eval_duration":
			times[2] = duration(&s)
		case "eval_duration":
			times[3] = duration(&s)
		case "error":
			e.failure = failureOf(s.raw())
		default:
			s.skip()
		}
	}
	e.kinds |= message | text
	if done { // every line has a role: that of the last is no news
		e.kinds.put(Role, false)
		e.kinds.put(Done, true)
		if len(reason) > 0 {
			e.kinds.put(Finish, true)
			e.finish = append(e.finish, finish{0, reason})
		}
	}
	e.kinds.put(Usage, e.usage.input >= 0 || e.usage.output >= 0)
	e.kinds.put(Error, e.failure != nil)
	if answer {
		e.choices = 1
		e.report(byLogprobs, logprobs)
	}
	e.timings = times.json()
	return s.ok()
}

func scanOllamaMessage(s *scanner, e *event) (kinds kindSet) {
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "content":
			kinds.put(Content, e.say(s.str()))
		case "thinking":
			kinds.put(Reasoning, e.say(s.str()))
		case "tool_calls":
			kinds.put(Tool, scanToolCalls(s, e))
		case "role":
			kinds.put(Role, len(s.str()) > 0)
		default:
			s.skip()
		}
	}
	return kinds
}

// ollamaTimes are the durations of the last line, ns; -1: not told.
type ollamaTimes [4]int64

// json is what was told as an object, nil if nothing was.
func (t ollamaTimes) json() []byte {
	var b []byte
	for i, name := range [...]string{"total_duration", "load_duration", "prompt_eval_duration", "eval_duration"} {
		if t[i] < 0 {
			continue
		}
		if b == nil {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(b, `"`+name+`":`...)
		b = strconv.AppendInt(b, t[i], 10)
	}
	if b == nil {
		return nil
	}
	return append(b, '}')
}

// duration reads a whole number of ns, -1 for what is none.
func duration(s *scanner) int64 {
	n, ok := s.integer()
	if !ok {
		return -1
	}
	return max(n, -1)
}
