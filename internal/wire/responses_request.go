package wire

func (responses) request(_ string, body []byte, r *Request) {
	s := scanner{b: body}
	if s.peek() != '{' {
		return
	}
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "model":
			r.Model = clip(s.text(), maxLabel)
		case "stream":
			b := s.boolean()
			r.Stream = b != nil && *b
		case "max_output_tokens":
			r.MaxTokens = optional(s.integer())
		case "temperature":
			r.Temperature = s.float()
		case "top_p":
			r.TopP = s.float()
		case "tools":
			r.ToolCount = max(0, s.count())
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
			s.skip()
		}
	}
}

// scanTextFormat reads the format in `text`.
func scanTextFormat(s *scanner) (format string) {
	if s.peek() != '{' {
		s.skip()
		return ""
	}
	for s.enter('{'); s.next('}'); {
		if string(s.key()) == "format" {
			format = clip(scanFormat(s), maxLabel)
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
