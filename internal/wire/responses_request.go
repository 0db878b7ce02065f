package wire

func (responses) request(_ string, body []byte, r *Request) {
	s := scanner{b: body}
	for in := s.into('{'); in && s.next('}'); {
		switch name := s.key(); string(name) {
		case "max_output_tokens":
			r.MaxTokens = optional(s.integer())
		case "input":
			r.ImageCount = scanMessages(&s)
		case "text":
			r.ResponseFormat = scanTextFormat(&s)
		case "user":
			r.User = s.text()
		case "previous_response_id":
			r.PreviousResponse = s.text()
		case "conversation":
			r.Conversation = scanConversation(&s)
		default:
			r.usual(name, &s)
		}
	}
}

// scanTextFormat reads the format in `text`.
func scanTextFormat(s *scanner) (format string) {
	for in := s.into('{'); in && s.next('}'); {
		if string(s.key()) == "format" {
			format = clip(scanFormat(s), MaxLabel)
		} else {
			s.skip()
		}
	}
	return format
}

// scanConversation reads the id of a conversation, which may stand by itself.
func scanConversation(s *scanner) string {
	if s.peek() == '"' {
		return s.text()
	}
	return scanMember(s, "id")
}
