package wire

func (anthropic) request(_ string, body []byte, r *Request) {
	s := scanner{b: body}
	for in := s.into('{'); in && s.next('}'); {
		switch name := s.key(); string(name) {
		case "max_tokens":
			r.MaxTokens = optional(s.integer())
		case "messages":
			r.ImageCount = scanMessages(&s)
		case "metadata":
			r.User = scanMember(&s, "user_id")
		default:
			r.usual(name, &s)
		}
	}
}

// scanMember reads one text out of an object; "" if there is none.
func scanMember(s *scanner, name string) (text string) {
	for in := s.into('{'); in && s.next('}'); {
		if string(s.key()) == name {
			text = s.text()
		} else {
			s.skip()
		}
	}
	return text
}
