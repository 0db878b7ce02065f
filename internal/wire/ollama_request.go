package wire

// request reads a request. Ollama streams unless it is told not to.
func (ollama) request(_ string, body []byte, r *Request) {
	r.Stream = true
	s := scanner{b: body}
	images, inMessages := int64(0), int64(0)
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "model":
			r.Model = clip(s.text(), MaxLabel)
		case "stream":
			r.Stream = string(s.raw()) != "false"
		case "options":
			scanOptions(&s, r)
		case "format":
			r.ResponseFormat = scanOllamaFormat(&s)
		case "tools":
			r.ToolCount = max(0, s.count())
		case "images":
			images = max(0, s.count())
		case "messages":
			inMessages = scanMessageImages(&s)
		default:
			s.skip()
		}
	}
	r.ImageCount = images + inMessages
}

// scanOptions reads the sampling options. A num_predict below 0 is no limit.
func scanOptions(s *scanner, r *Request) {
	r.MaxTokens, r.TopK, r.Seed, r.Temperature, r.TopP = nil, nil, nil, nil, nil
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "num_predict":
			n, ok := s.integer()
			r.MaxTokens = optional(n, ok && n >= 0)
		case "top_k":
			r.TopK = optional(s.integer())
		case "seed":
			r.Seed = optional(s.integer())
		case "temperature":
			r.Temperature = s.float()
		case "top_p":
			r.TopP = s.float()
		default:
			s.skip()
		}
	}
}

// scanOllamaFormat reads `format`: "json", or a schema, which has no name of
// its own.
func scanOllamaFormat(s *scanner) string {
	if s.peek() == '{' {
		s.skip()
		return "json_schema"
	}
	return clip(s.text(), MaxLabel)
}

// scanMessageImages counts the images of the messages, which stand beside
// their content.
func scanMessageImages(s *scanner) (images int64) {
	for in := s.into('['); in && s.next(']'); {
		inMessage := int64(0)
		for in := s.into('{'); in && s.next('}'); {
			if string(s.key()) == "images" {
				inMessage = max(0, s.count())
			} else {
				s.skip()
			}
		}
		images += inMessage
	}
	return images
}
