package wire

import "strings"

func (g gemini) request(path string, body []byte, r *Request) {
	r.Stream = g.stream
	r.Model = clip(between(path, "/models/", ":"), MaxLabel)
	s := scanner{b: body}
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "generationConfig", "generation_config":
			scanGenerationConfig(&s, r)
		case "tools":
			r.ToolCount = scanDeclarations(&s)
		case "contents":
			r.ImageCount = scanGeminiImages(&s)
		default:
			s.skip()
		}
	}
}

// between returns what stands behind the last from and before the last to; ""
// if they do not stand so.
func between(path, from, to string) string {
	i := strings.LastIndex(path, from)
	j := strings.LastIndex(path, to)
	if i < 0 || j < i+len(from) {
		return ""
	}
	return path[i+len(from) : j]
}

func scanGenerationConfig(s *scanner, r *Request) {
	schema := false
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "maxOutputTokens", "max_output_tokens":
			r.MaxTokens = optional(s.integer())
		case "temperature":
			r.Temperature = s.float()
		case "topP", "top_p":
			r.TopP = s.float()
		case "topK", "top_k":
			r.TopK = optional(s.integer())
		case "seed":
			r.Seed = optional(s.integer())
		case "candidateCount", "candidate_count":
			n, _ := s.integer()
			r.ChoiceCount = max(1, n)
		case "responseMimeType", "response_mime_type":
			if string(s.str()) == "application/json" {
				r.ResponseFormat = "json_object"
			}
		case "responseSchema", "response_schema", "responseJsonSchema":
			schema = s.peek() == '{'
			s.skip()
		default:
			s.skip()
		}
	}
	if schema {
		r.ResponseFormat = "json_schema"
	}
}

// scanDeclarations counts the functions that tools declare, and a tool of the
// server's own as one.
func scanDeclarations(s *scanner) (tools int64) {
	for in := s.into('['); in && s.next(']'); {
		for in := s.into('{'); in && s.next('}'); {
			switch string(s.key()) {
			case "functionDeclarations", "function_declarations":
				tools += max(0, s.count())
			default:
				s.skip()
				tools++
			}
		}
	}
	return tools
}

// scanGeminiImages counts the images in the parts of the contents.
func scanGeminiImages(s *scanner) (images int64) {
	for in := s.into('['); in && s.next(']'); {
		for in := s.into('{'); in && s.next('}'); {
			if string(s.key()) != "parts" || s.peek() != '[' {
				s.skip()
				continue
			}
			for s.enter('['); s.next(']'); {
				images += scanPartImage(s)
			}
		}
	}
	return images
}

// scanPartImage is 1 for a part that is an image, else 0.
func scanPartImage(s *scanner) (images int64) {
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "inlineData", "inline_data", "fileData", "file_data":
			if strings.HasPrefix(scanMimeType(s), "image/") {
				images = 1
			}
		default:
			s.skip()
		}
	}
	return images
}

func scanMimeType(s *scanner) (mime string) {
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "mimeType", "mime_type":
			mime = s.text()
		default:
			s.skip()
		}
	}
	return mime
}
