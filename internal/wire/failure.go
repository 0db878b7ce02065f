package wire

import (
	"bytes"
	"encoding/json"
	"strings"
)

// readFailure finds the type and the message in an error as servers write it:
//
//	{"error": {"message": ..., "type": ..., "code": ...}}   most of them
//	{"error": "text"}                                       ollama, TGI
//	{"object": "error", "message": ..., "type": ...}        older vLLM
//	{"detail": ...}                                         FastAPI
//	"text", or text that is no JSON                         gateways
func readFailure(body []byte) (kind, message string) {
	body = bytes.TrimSpace(body)
	var b struct {
		Error   json.RawMessage `json:"error"`
		Message json.RawMessage `json:"message"`
		Detail  json.RawMessage `json:"detail"`
		Type    json.RawMessage `json:"type"`
		Code    json.RawMessage `json:"code"`
	}
	if json.Unmarshal(body, &b) != nil {
		return "", clip(plainText(body), maxMessage)
	}
	if isSet(b.Error) {
		if b.Error[0] != '{' {
			return shortText(b.Type), clip(plainText(b.Error), maxMessage)
		}
		// One level only: an error within an error is its message.
		inner := b.Error
		b.Error, b.Message, b.Detail, b.Type, b.Code = nil, nil, nil, nil, nil
		if json.Unmarshal(inner, &b) != nil {
			return "", clip(string(inner), maxMessage)
		}
	}
	for _, m := range []json.RawMessage{b.Message, b.Detail, b.Error} {
		if isSet(m) {
			message = clip(plainText(m), maxMessage)
			break
		}
	}
	kind = shortText(b.Type)
	if kind == "" {
		kind = shortText(b.Code)
	}
	return kind, message
}

func isSet(raw json.RawMessage) bool {
	return len(raw) > 0 && string(raw) != "null"
}

func shortText(raw json.RawMessage) string {
	if !isSet(raw) {
		return ""
	}
	return clip(plainText(raw), maxLabel)
}

// plainText is a JSON string's text, and any other bytes as they are.
func plainText(raw []byte) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return strings.TrimSpace(string(raw))
}
