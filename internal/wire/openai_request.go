package wire

import "math"

func (openAI) request(_ string, body []byte, r *Request) {
	s := scanner{b: body}
	var maxTokens, maxCompletionTokens *int64
	choices, prompts, functions := int64(1), int64(1), int64(0)
	for in := s.into('{'); in && s.next('}'); {
		switch name := s.key(); string(name) {
		case "n":
			n, _ := s.integer()
			choices = max(1, n)
		case "prompt":
			prompts = scanPrompts(&s)
		case "max_tokens":
			maxTokens = optional(s.integer())
		case "max_completion_tokens":
			maxCompletionTokens = optional(s.integer())
		case "min_tokens":
			r.MinTokens = optional(s.integer())
		case "ignore_eos":
			r.IgnoreEOS = s.boolean()
		case "response_format":
			r.ResponseFormat = clip(scanFormat(&s), MaxLabel)
		case "functions":
			functions = max(0, s.count())
		case "messages":
			r.ImageCount = scanMessages(&s)
		case "user":
			r.User = s.text()
		default:
			r.usual(name, &s)
		}
	}
	r.ToolCount += functions
	r.MaxTokens = maxTokens
	if maxCompletionTokens != nil { // the newer name of the two
		r.MaxTokens = maxCompletionTokens
	}
	r.ChoiceCount = choices
	if choices <= math.MaxInt64/prompts { // each prompt of a list is answered n times
		r.ChoiceCount = choices * prompts
	}
}

func optional(n int64, ok bool) *int64 {
	if !ok {
		return nil
	}
	return &n
}

// scanPrompts counts the prompts of a completion: a string or a list of token
// numbers is one, a list of either as many as there are.
func scanPrompts(s *scanner) int64 {
	n := int64(0)
	for in := s.into('['); in && s.next(']'); {
		if c := s.peek(); c == '"' || c == '[' {
			n++
		}
		s.skip()
	}
	return max(1, n)
}

// scanFormat reads the type of a response_format, or the string that some
// servers take instead.
func scanFormat(s *scanner) (format string) {
	if s.peek() != '{' {
		return s.text()
	}
	for s.enter('{'); s.next('}'); {
		if string(s.key()) == "type" {
			format = s.text()
		} else {
			s.skip()
		}
	}
	return format
}

// scanMessages counts the images in the parts of the messages.
func scanMessages(s *scanner) (images int64) {
	for in := s.into('['); in && s.next(']'); {
		inMessage := int64(0)
		for in := s.into('{'); in && s.next('}'); {
			if string(s.key()) == "content" {
				inMessage = scanParts(s)
			} else {
				s.skip()
			}
		}
		images += inMessage
	}
	return images
}

func scanParts(s *scanner) (images int64) {
	for in := s.into('['); in && s.next(']'); {
		isImage := false
		inPart := int64(0)
		for in := s.into('{'); in && s.next('}'); {
			switch string(s.key()) {
			case "type":
				switch string(s.str()) {
				case "image_url", "input_image", "image":
					isImage = true
				default:
					isImage = false
				}
			case "content": // of a tool's result in Anthropic's form
				inPart = scanParts(s)
			default:
				s.skip()
			}
		}
		if isImage {
			images++
		}
		images += inPart
	}
	return images
}
