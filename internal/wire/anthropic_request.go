package wire

func (anthropic) request(_ string, body []byte, r *Request) {
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
		case "max_tokens":
			r.MaxTokens = optional(s.integer())
		case "temperature":
			r.Temperature = s.float()
		case "top_p":
			r.TopP = s.float()
		case "top_k":
			r.TopK = optional(s.integer())
		case "tools":
			r.ToolCount = max(0, s.count())
		case "messages":
			r.ImageCount = scanMessages(&s)
		case "metadata":
			r.User = scanMember(&s, "user_id")
		default:
			s.skip()
		}
	}
}

// scanMember reads one text out of an object; "" if there is none.
func scanMember(s *scanner, name string) (text string) {
	if s.peek() != '{' {
		s.skip()
		return ""
	}
	for s.enter('{'); s.next('}'); {
		if string(s.key()) == name {
			text = s.text()
		} else {
			s.skip()
		}
	}
	return text
}
