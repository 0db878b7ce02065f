package llmsim

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The chat template puts every message between tokens of its own and opens the
// answer: a conversation costs its texts' tokens, MessageTokens a message and
// RequestTokens. What was said before stays a prefix of what is said next.
const (
	MessageTokens = 4 // start, role, begin, end
	RequestTokens = 3 // start, assistant, begin
)

// Special tokens, which no text has.
const (
	tokenStart = specialBase + iota
	tokenBegin
	tokenEnd
	tokenRole // the first of the roles
)

// message is one of a conversation. Tool calls, made or offered, count as
// their JSON text.
type message struct {
	Role       string          `json:"role"`
	Content    content         `json:"content"`
	ToolCalls  json.RawMessage `json:"tool_calls"`
	ToolCallID string          `json:"tool_call_id"`
}

// content is a text: given whole, in parts, or as null.
type content string

func (c *content) UnmarshalJSON(b []byte) error {
	switch b[0] { // the decoder hands over one valid value, without space around it
	case 'n':
		return nil
	case '"':
		return json.Unmarshal(b, (*string)(c))
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return fmt.Errorf("content must be a string or an array of parts: %w", err)
	}
	for i, p := range parts {
		if p.Type != "text" {
			return fmt.Errorf("content part %d is of type %q: only text is simulated", i, p.Type)
		}
		*c += content(p.Text)
	}
	return nil
}

// appendChat appends the tokens of a conversation, ready to be answered.
func appendChat(dst []int64, messages []message, tools json.RawMessage) []int64 {
	if len(tools) > 0 && !bytes.Equal(tools, []byte("null")) {
		dst = AppendTokens(dst, string(tools))
	}
	for _, m := range messages {
		dst = append(dst, tokenStart, roleToken(m.Role), tokenBegin)
		dst = AppendTokens(dst, m.ToolCallID)
		dst = AppendTokens(dst, string(m.Content))
		if !bytes.Equal(m.ToolCalls, []byte("null")) {
			dst = AppendTokens(dst, string(m.ToolCalls))
		}
		dst = append(dst, tokenEnd)
	}
	return append(dst, tokenStart, roleToken("assistant"), tokenBegin)
}

func roleToken(role string) int64 {
	for i, known := range []string{"assistant", "user", "system", "developer", "tool"} {
		if role == known {
			return tokenRole + int64(i)
		}
	}
	return tokenRole + 5 + int64(hashString(role)>>48) // one token for any role
}

func hashString(s string) uint64 {
	h := uint64(len(s))
	for i := range len(s) {
		h = mix(h ^ uint64(s[i]))
	}
	return h
}
