package analyze

// bounds are the first and the last of messages.
func bounds(messages []message) (first, last int64, ok bool) {
	if len(messages) == 0 {
		return 0, 0, false
	}
	return messages[0].at, messages[len(messages)-1].at, true
}

// overRest is a time shared among all tokens but the first.
func overRest(time float64, n maybe[int64]) maybe[float64] {
	if !n.ok || n.value < 2 {
		return maybe[float64]{}
	}
	return just(time / float64(n.value-1))
}

func measureEtalon(r *request) measured {
	tokens := withTokens(r.messages(isContent))
	m := measured{ttft: just(0.0), tpot: just(0.0), e2e: just(0.0), itl: burstGaps(tokens), tokens: r.sumTokens(tokens)}
	first, last, ok := bounds(tokens)
	if !ok {
		return m
	}
	m.ttft, m.e2e = just(float64(first)), just(float64(last))
	if n := len(m.itl); n > 0 {
		m.tpot = just(float64(last-first) / float64(n))
	}
	return m
}

func measureVLLM(r *request) measured {
	m := measured{tokens: r.outputTokens}
	messages := r.messages(hasChoices)
	first, last, ok := bounds(messages)
	if !ok {
		return m
	}
	for i := range messages[1:] {
		m.itl = append(m.itl, messages[i+1].at-messages[i].at)
	}
	m.ttft, m.e2e = just(float64(first)), just(float64(last))
	m.tpot = overRest(float64(last-first), m.tokens)
	return m
}

func measureSGLang(r *request) measured {
	m := measured{tokens: r.outputTokens}
	tokens := withTokens(r.messages(isContent))
	first, last, ok := bounds(tokens)
	if !ok {
		return m
	}
	for i := range tokens[1:] {
		m.itl = appendGaps(m.itl, tokens[i+1].at-tokens[i].at, tokens[i+1].tokens, Spread, false)
	}
	m.ttft, m.e2e = just(float64(first)), just(float64(last))
	m.tpot = overRest(float64(last-first), m.tokens)
	return m
}

func measureAIPerf(r *request) measured {
	tokens := r.messages(isToken)
	m := measured{tokens: r.outputTokens, weight: 1}
	if !m.tokens.ok {
		m.tokens = r.sumTokens(tokens)
	}
	first, last, ok := bounds(tokens)
	if !ok {
		return m
	}
	m.ttft, m.e2e = just(float64(first)), just(float64(last))
	m.mean = overRest(float64(last-first), m.tokens)
	return m
}

func measureGuideLLM(r *request) measured {
	tokens := r.messages(isToken)
	m := measured{tokens: r.outputTokens}
	if !m.tokens.ok {
		m.tokens = just(int64(len(tokens)))
	}
	if r.end.ok {
		m.e2e = just(float64(r.end.value - r.sent))
	}
	first, last, ok := bounds(tokens)
	if !ok {
		return m
	}
	m.ttft = just(float64(first))
	m.mean, m.weight = overRest(float64(last-first), m.tokens), m.tokens.value-1
	if m.tokens.value > 0 {
		m.tpot = just(float64(last) / float64(m.tokens.value))
	}
	return m
}

func measureInferencePerf(r *request) measured {
	tokens := withTokens(r.messages(isToken))
	m := measured{itl: burstGaps(tokens), tokens: r.sumTokens(tokens)}
	first, last, ok := bounds(tokens)
	if !ok {
		return m
	}
	m.e2e = just(float64(last))
	m.tpot = overRest(float64(last-first), m.tokens)
	if content, _, ok := bounds(r.messages(isContent)); ok && m.tokens.value != 1 {
		m.ttft = just(float64(content))
	}
	return m
}

func measureLLMPerf(r *request) measured {
	tokens := withTokens(r.messages(isContent))
	m := measured{tokens: r.sumTokens(tokens), weight: 1}
	first, last, ok := bounds(tokens)
	if !ok {
		return m
	}
	m.ttft, m.e2e = just(float64(first)), just(float64(last))
	if m.tokens.ok {
		m.mean = just(float64(last) / float64(m.tokens.value))
	}
	return m
}

func measureMLPerf(r *request) measured {
	tokens := withTokens(r.messages(isToken))
	m := measured{tokens: r.sumTokens(tokens)}
	first, last, ok := bounds(tokens)
	if !ok {
		return m
	}
	m.ttft, m.e2e = just(float64(first)), just(float64(last))
	if m.tokens.ok && m.tokens.value > 1 {
		m.tpot = just(float64((last-first)*nsPerUS/(m.tokens.value-1)) / nsPerUS)
	}
	return m
}

const nsPerUS = 1000
