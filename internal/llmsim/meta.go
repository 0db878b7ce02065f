package llmsim

import (
	"encoding/json"
	"net/http"
)

// models answers GET /v1/models.
func (s *Server) models(w http.ResponseWriter, _ *http.Request) {
	type model struct {
		ID          string `json:"id"`
		Object      string `json:"object"`
		Created     int64  `json:"created"`
		OwnedBy     string `json:"owned_by"`
		MaxModelLen int    `json:"max_model_len"`
	}
	s.reply(w, struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{"list", []model{{s.config.Model, "model", s.loop.anchor.Unix(), "metron-sim", s.config.MaxModelLen}}})
}

// tokenize answers POST /tokenize, in both of vLLM's forms.
func (s *Server) tokenize(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Model    string          `json:"model"`
		Prompt   *string         `json:"prompt"`
		Messages []message       `json:"messages"`
		Tools    json.RawMessage `json:"tools"`
	}
	if !s.read(w, r, &request) {
		return
	}
	tokens := []int64{} // an empty prompt has an empty list, not null
	switch {
	case request.Prompt != nil && request.Messages != nil:
		badRequest("prompt", "give a prompt or messages, not both").write(w)
		return
	case request.Prompt != nil:
		tokens = AppendTokens(tokens, *request.Prompt)
	case len(request.Messages) > 0:
		tokens = appendChat(tokens, request.Messages, request.Tools)
	default:
		badRequest("prompt", "prompt and messages are both missing").write(w)
		return
	}
	s.reply(w, struct {
		Count       int     `json:"count"`
		MaxModelLen int     `json:"max_model_len"`
		Tokens      []int64 `json:"tokens"`
	}{len(tokens), s.config.MaxModelLen, tokens})
}

// detokenize answers POST /detokenize.
func (s *Server) detokenize(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Tokens []int64 `json:"tokens"`
	}
	if !s.read(w, r, &request) {
		return
	}
	s.reply(w, struct {
		Prompt string `json:"prompt"`
	}{Detokenize(request.Tokens)})
}

// read decodes a request's body, or answers why it cannot.
func (s *Server) read(w http.ResponseWriter, r *http.Request, v any) bool {
	body, e := readBody(w, r)
	if e == nil {
		if err := json.Unmarshal(body, v); err != nil {
			e = badRequest("", "the request body is not understood: %v", err)
		}
	}
	if e != nil {
		e.write(w)
		return false
	}
	return true
}

func (s *Server) reply(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs always marshal
	}
	writeJSON(w, http.StatusOK, b)
}
