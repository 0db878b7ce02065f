package wire

import (
	"net/url"
	"strings"
)

func (b bedrock) request(path string, body []byte, r *Request) {
	model := between(path, "/model/", "/")
	if plain, err := url.PathUnescape(model); err == nil {
		model = plain
	}
	r.Stream, r.Model = b.stream, clip(model, MaxLabel)
	s := scanner{b: body}
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "inferenceConfig", "textGenerationConfig": // Converse and Nova; Titan
			scanInference(&s, r)
		case "toolConfig":
			r.ToolCount = scanToolConfig(&s)
		case "tools":
			r.ToolCount = max(0, s.count())
		case "messages":
			r.ImageCount = scanConverseImages(&s)
		case "max_tokens", "max_gen_len":
			r.MaxTokens = optional(s.integer())
		case "temperature":
			r.Temperature = s.float()
		case "top_p":
			r.TopP = s.float()
		case "top_k":
			r.TopK = optional(s.integer())
		default:
			s.skip()
		}
	}
}

func scanInference(s *scanner, r *Request) {
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "maxTokens", "max_new_tokens", "maxTokenCount":
			r.MaxTokens = optional(s.integer())
		case "temperature":
			r.Temperature = s.float()
		case "topP", "top_p":
			r.TopP = s.float()
		case "topK", "top_k":
			r.TopK = optional(s.integer())
		default:
			s.skip()
		}
	}
}

func scanToolConfig(s *scanner) (tools int64) {
	for in := s.into('{'); in && s.next('}'); {
		if string(s.key()) == "tools" {
			tools = max(0, s.count())
		} else {
			s.skip()
		}
	}
	return tools
}

// scanConverseImages counts the images in messages: parts that have one, or
// whose type says so.
func scanConverseImages(s *scanner) (images int64) {
	for in := s.into('['); in && s.next(']'); {
		for in := s.into('{'); in && s.next('}'); {
			if string(s.key()) != "content" || s.peek() != '[' {
				s.skip()
				continue
			}
			for s.enter('['); s.next(']'); {
				if isImagePart(s) {
					images++
				}
			}
		}
	}
	return images
}

func isImagePart(s *scanner) (image bool) {
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "image":
			image = image || s.peek() == '{'
			s.skip()
		case "type":
			image = image || strings.HasPrefix(string(s.str()), "image")
		default:
			s.skip()
		}
	}
	return image
}
