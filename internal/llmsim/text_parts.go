package llmsim

import (
	"encoding/json"
	"fmt"
	"strings"
)

// anyContent is the content of a message in the newer APIs: a text, or parts of
// which those without text count as their JSON.
type anyContent string

func (c *anyContent) UnmarshalJSON(b []byte) error {
	switch b[0] { // the decoder hands over one valid value, without space around it
	case 'n':
		return nil
	case '"':
		return json.Unmarshal(b, (*string)(c))
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return fmt.Errorf("content must be a string or an array of parts: %w", err)
	}
	for i, raw := range parts {
		var p struct {
			Type string  `json:"type"`
			Text *string `json:"text"`
		}
		switch err := json.Unmarshal(raw, &p); {
		case err != nil:
			return fmt.Errorf("content part %d: %w", i, err)
		case strings.Contains(p.Type, "image") || strings.Contains(p.Type, "audio"):
			return fmt.Errorf("content part %d is of type %q: only text is simulated", i, p.Type)
		case p.Text != nil:
			*c += anyContent(*p.Text)
		default:
			*c += anyContent(raw)
		}
	}
	return nil
}
