package wire

// scanLogprobs counts the tokens that a logprobs object lists, -1 without any
// list: chat's `content` and `refusal`, completions' `tokens`.
func scanLogprobs(s *scanner) int64 {
	content, refusal, tokens := int64(-1), int64(-1), int64(-1)
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "content":
			content = s.count()
		case "refusal":
			refusal = s.count()
		case "tokens":
			tokens = s.count()
		default:
			s.skip()
		}
	}
	if content >= 0 && refusal >= 0 {
		return content + refusal
	}
	return max(content, refusal, tokens)
}

// maxCount is far above any count of tokens.
const maxCount = 1 << 40

// scanUsage reads a usage. SGLang tells reasoning tokens in the usage itself, and 0 also
// where it did not count them, so that 0 there tells nothing.
func scanUsage(s *scanner, u *usage) {
	beside := int64(-1)
	for in := s.into('{'); in && s.next('}'); {
		switch string(s.key()) {
		case "prompt_tokens":
			u.input = tokenCount(s)
		case "completion_tokens":
			u.output = tokenCount(s)
		case "prompt_tokens_details":
			u.cached = scanDetail(s, "cached_tokens")
		case "completion_tokens_details":
			u.reasoning = scanDetail(s, "reasoning_tokens")
		case "reasoning_tokens":
			beside = tokenCount(s)
		default:
			s.skip()
		}
	}
	if u.reasoning < 0 && beside > 0 {
		u.reasoning = beside
	}
}

func scanDetail(s *scanner, name string) int64 {
	n := int64(-1)
	for in := s.into('{'); in && s.next('}'); {
		if string(s.key()) == name {
			n = tokenCount(s)
		} else {
			s.skip()
		}
	}
	return n
}

// tokenCount reads a count; what is none is not told, nor what sums could not
// hold.
func tokenCount(s *scanner) int64 {
	n, ok := s.integer()
	if !ok || n < 0 || n > maxCount {
		return -1
	}
	return n
}
