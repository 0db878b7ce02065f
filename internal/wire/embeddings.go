package wire

import "encoding/json"

const apiEmbeddings = "embeddings"

// embeddings is OpenAI's API of that name and Ollama's: sizes, times, and how
// much was read. Their answers are one document of numbers.
type embeddings struct{}

func (embeddings) request(path string, body []byte, r *Request) {
	other{}.request(path, body, r)
	r.Stream = false
}

func (embeddings) event(_, _ []byte, _ *event) bool { return false }

func (embeddings) document(body []byte, e *event) bool {
	s := scanner{b: body}
	if s.peek() != '{' {
		return json.Valid(body)
	}
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "model":
			e.model = s.str()
		case "usage":
			scanUsage(&s, &e.usage)
		case "prompt_eval_count":
			e.usage.input = tokenCount(&s)
		case "error":
			e.failure = failureOf(s.raw())
		default:
			s.skip()
		}
	}
	e.kinds.put(Usage, e.usage.input >= 0)
	e.kinds.put(Error, e.failure != nil)
	return s.ok()
}
