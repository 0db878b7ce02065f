package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// readFailure finds the type and the message in an error as servers write it:
//
//	{"error": {"message": ..., "type": ..., "code": ...}}   most of them
//	{"error": "text"}                                       ollama
//	{"error": "text", "error_type": ...}                    TGI
//	{"error": {"code": 429, "message": ..., "status": ...}} Google; or a list of one
//	{"object": "error", "message": ..., "type": ...}        older vLLM
//	{"detail": ...}                                         FastAPI
//	"text", or text that is no JSON                         gateways
func readFailure(body []byte) (kind, message string) {
	body = bytes.TrimSpace(body)
	var list []json.RawMessage
	if bytes.HasPrefix(body, []byte("[")) && json.Unmarshal(body, &list) == nil && len(list) == 1 {
		body = list[0]
	}
	var b struct {
		Error   json.RawMessage `json:"error"`
		Message json.RawMessage `json:"message"`
		Detail  json.RawMessage `json:"detail"`
		Type    json.RawMessage `json:"type"`
		TGIType json.RawMessage `json:"error_type"`
		Status  json.RawMessage `json:"status"`
		Code    json.RawMessage `json:"code"`
	}
	if json.Unmarshal(body, &b) != nil {
		return "", clip(plainText(body), MaxMessage)
	}
	if isSet(b.Error) {
		if b.Error[0] != '{' {
			return cmp.Or(shortText(b.Type), shortText(b.TGIType)), clip(plainText(b.Error), MaxMessage)
		}
		// One level only: an error within an error is its message.
		inner := b.Error
		b.Error, b.Message, b.Detail, b.Type, b.Status, b.Code = nil, nil, nil, nil, nil, nil
		if json.Unmarshal(inner, &b) != nil {
			return "", clip(string(inner), MaxMessage)
		}
	}
	switch {
	case isSet(b.Message):
		message = clip(plainText(b.Message), MaxMessage)
	case isSet(b.Detail):
		message = clip(detailText(b.Detail), MaxMessage)
	case isSet(b.Error):
		message = clip(plainText(b.Error), MaxMessage)
	}
	kind = cmp.Or(shortText(b.Type), shortText(b.Status))
	if kind == "" || kind == "error" && isSet(b.Code) { // the type of the event, not of the error
		kind = shortText(b.Code)
	}
	return kind, message
}

// detailText is FastAPI's detail. Its list of invalid fields repeats the input
// that was invalid, prompts included: only what was wrong, and where, is kept.
func detailText(raw json.RawMessage) string {
	var fields []struct {
		Loc []any  `json:"loc"`
		Msg string `json:"msg"`
	}
	if json.Unmarshal(raw, &fields) != nil {
		var text string
		json.Unmarshal(raw, &text) // anything but a text or that list stays unread
		return text
	}
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteString("; ")
		}
		for k, part := range f.Loc {
			if k > 0 {
				b.WriteByte('.')
			}
			fmt.Fprint(&b, part)
		}
		b.WriteString(": " + f.Msg)
	}
	return b.String()
}

func isSet(raw json.RawMessage) bool {
	return len(raw) > 0 && string(raw) != "null"
}

func shortText(raw json.RawMessage) string {
	if !isSet(raw) {
		return ""
	}
	return clip(plainText(raw), MaxLabel)
}

// plainText is a JSON string's text, and any other bytes as they are.
func plainText(raw []byte) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return strings.TrimSpace(string(raw))
}
