package analyze

import "metron/schema"

// dialect is how another tool measures the same stream: where it starts and stops the
// clock, and what it counts. Sources: METRICS.md's table, read off each tool's code.
type dialect struct {
	name    string
	tool    string // as its users call it
	measure func(*request) measured
	method  func(q Fraction, n int64, at func(int64) float64) float64 // its percentiles

	ttft, itl, tpot, end string // what differs, in words
}

// measured is what a tool makes of one stream. Times are microseconds after the send; a
// value that it does not have is not ok.
type measured struct {
	ttft, tpot, e2e maybe[float64]
	itl             []int64        // samples that are pooled over requests
	mean            maybe[float64] // one sample a request instead, which weighs
	weight          int64
	tokens          maybe[int64]
}

// Dialects lists the tools whose arithmetic can be asked for.
func Dialects() []string {
	var names []string
	for _, d := range dialects() {
		names = append(names, d.name)
	}
	return names
}

// dialects is the table: a new tool is one entry and its measure.
func dialects() []dialect {
	return []dialect{
		{"etalon", "Etalon", measureEtalon, numpyLinear,
			"the first chunk with content, not reasoning; 0 where there is none, and in the mean",
			"a sample a token of content; those that share a chunk are zeros",
			"mean of the gaps after the first; 0 below two tokens, and in the mean",
			"the last content; n is the tokens of content"},
		{"vllm", "vllm bench serve", measureVLLM, numpyLinear,
			"the first message with choices, be it the role alone",
			"a sample a message, the finish included, however many tokens it carries",
			"(E2E - TTFT)/(n - 1); answers of one token are left out",
			"the last message with choices; n is the server's usage"},
		{"sglang", "sglang.bench_serving", measureSGLang, numpyLinear,
			"the first chunk with content, not reasoning",
			"the gap before a chunk of content, shared out among its tokens",
			"(E2E - TTFT)/(n - 1); answers of one token are left out",
			"the last chunk with content; n is the server's usage"},
		{"aiperf", "AIPerf", measureAIPerf, numpyLinear,
			"the first content or reasoning",
			"one sample a request: (E2E - TTFT)/(n - 1)",
			"none: its ITL is what others call TPOT",
			"the last content; n is the server's usage, else the tokens of the chunks"},
		{"guidellm", "GuideLLM", measureGuideLLM, numpyLinear,
			"the first content or reasoning",
			"one sample a request, (last - first)/(n - 1), weighed by n - 1",
			"(last token - send)/n: the wait for the first token is in it",
			"the end of the response; n is the server's usage, else the chunks"},
		{"inference-perf", "inference-perf", measureInferencePerf, numpyLinear,
			"the first chunk with content, not reasoning; none where it is the only token",
			"a sample a token; those that share a chunk are zeros",
			"(last - first)/(n - 1)",
			"the last token; n is the tokens of the chunks"},
		{"llmperf", "LLMPerf", measureLLMPerf, numpyLinear,
			"the first chunk with content, not reasoning",
			"one sample a request: all gaps, the wait for the first token too, over n",
			"none",
			"the last content; n is the tokens of content"},
		{"mlperf", "MLPerf LoadGen", measureMLPerf, mlperfPercentile,
			"the first token",
			"none",
			"(complete - first)/(n - 1) in whole nanoseconds",
			"the last token; n is the tokens of the chunks"},
	}
}

func numpyLinear(q Fraction, n int64, at func(int64) float64) float64 {
	return numpyQuantile(q.Float(), n, at)
}

// mlperfPercentile is sorted[int(n*q)].
func mlperfPercentile(q Fraction, n int64, at func(int64) float64) float64 {
	return at(min(n-1, q.Num*n/q.Den))
}

// message is one event of a stream that a tool looks at.
type message struct {
	at, tokens int64
}

// messages are the events of the kinds that a tool looks at, with the time of their read
// after the send. Where the chunks do not say their tokens, each counts as one.
func (r *request) messages(of func(kind int8) bool) []message {
	var out []message
	known := carriesTokens(&r.row)
	for i, at := range r.chunkTime {
		if !of(r.chunkKind[i]) {
			continue
		}
		m := message{at: at - r.sent, tokens: 1}
		if known {
			m.tokens = int64(r.chunkTokens[i])
		}
		out = append(out, m)
	}
	return out
}

// hasChoices reports whether an event is a message of the chat API with choices.
func hasChoices(kind int8) bool {
	return isToken(kind) || kind == schema.KindRole || kind == schema.KindFinish
}

// isContent reports whether an event is text of the answer: what stands in delta.content.
func isContent(kind int8) bool { return kind == schema.KindContent }

// sumTokens adds the tokens of messages, and is not ok where the chunks do not say them.
func (r *request) sumTokens(messages []message) maybe[int64] {
	if !carriesTokens(&r.row) {
		return maybe[int64]{}
	}
	n := int64(0)
	for _, m := range messages {
		n += m.tokens
	}
	return just(n)
}

// burstGaps are the gaps of tokens: of those that share a message all but the first are 0.
func burstGaps(messages []message) []int64 {
	var gaps []int64
	for i, m := range messages {
		if i > 0 && m.tokens > 0 {
			gaps = append(gaps, m.at-messages[i-1].at)
		}
		for range m.tokens - 1 {
			gaps = append(gaps, 0)
		}
	}
	return gaps
}

// withTokens leaves out what carries no token.
func withTokens(messages []message) []message {
	var out []message
	for _, m := range messages {
		if m.tokens > 0 {
			out = append(out, m)
		}
	}
	return out
}
