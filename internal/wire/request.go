package wire

import "strings"

// Names of the APIs that have a dialect, as the row's column `api` has them.
const (
	apiChat        = "openai.chat"
	apiCompletions = "openai.completions"
	apiOther       = "other"
)

// Request is what a dialect reads from a request. Nil and empty mean unknown.
type Request struct {
	API    string // as the row's column `api` has it; "other" without a dialect
	Model  string
	Stream bool
	// ChoiceCount is how many answers were asked for, at least 1: `n`, for
	// completions times the number of prompts.
	ChoiceCount int64

	MaxTokens      *int64
	MinTokens      *int64
	TopK           *int64
	Seed           *int64
	IgnoreEOS      *bool
	Temperature    *float64
	TopP           *float64
	ResponseFormat string // its type: "text", "json_object", "json_schema"
	ToolCount      int64
	ImageCount     int64

	// Hints at the session: the body's `user` (Anthropic: its metadata.user_id),
	// and of the Responses API the conversation or the response that this request
	// goes on from.
	User             string
	Conversation     string
	PreviousResponse string
}

// ParseRequest reads a request. It never fails: the API is known by method and
// path, and of a body that is cut short or no JSON what stands before the break
// is kept and the rest stays unknown.
func ParseRequest(method, path string, body []byte) Request {
	path, _, _ = strings.Cut(path, "?")
	r := Request{API: apiOther, ChoiceCount: 1}
	var d dialect = other{}
	for _, known := range dialects {
		if known.match(method, path) {
			r.API, d = known.api, known.dialect
			break
		}
	}
	d.request(path, body, &r)
	r.ChoiceCount = max(r.ChoiceCount, 1)
	if r.MaxTokens != nil && *r.MaxTokens < 0 { // llama.cpp's and Ollama's way to say no limit
		r.MaxTokens = nil
	}
	return r
}

// usual reads a parameter that most APIs spell alike, and skips any other.
func (r *Request) usual(name []byte, s *scanner) {
	switch string(name) {
	case "model":
		r.Model = clip(s.text(), MaxLabel)
	case "stream":
		b := s.boolean()
		r.Stream = b != nil && *b
	case "temperature":
		r.Temperature = s.float()
	case "top_p":
		r.TopP = s.float()
	case "top_k":
		r.TopK = optional(s.integer())
	case "seed":
		r.Seed = optional(s.integer())
	case "tools":
		r.ToolCount = max(0, s.count())
	default:
		s.skip()
	}
}
