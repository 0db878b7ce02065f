package importer

import (
	"encoding/json"

	"metron/schema"
)

// chatMessage is a message of a request.
type chatMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// setBody gives a row the body that its content makes: the prompt under its key,
// a stream asked for, and the recorded length as the bound.
func setBody(r *schema.Record, key string, prompt any) error {
	body := map[string]any{key: prompt, "stream": true, "stream_options": map[string]bool{"include_usage": true}}
	if r.RequestModel != "" {
		body["model"] = r.RequestModel
	}
	if r.OutputTokens != nil && *r.OutputTokens > 0 {
		r.MaxTokens = r.OutputTokens
		body["max_tokens"] = *r.OutputTokens
	}
	var err error
	if r.RequestBody, err = json.Marshal(body); err != nil {
		return err
	}
	r.RequestBytes, r.Recorded = int64(len(r.RequestBody)), schema.RecordedContent
	return nil
}
