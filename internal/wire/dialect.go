package wire

import "strings"

// dialect is one API on the wire. It keeps no state: what a response adds up
// to is the decoder's.
type dialect interface {
	// request reads a request body into r, as far as it can; some APIs name the
	// model in the path.
	request(path string, body []byte, r *Request)
	// event reads the data of one SSE event, named by its event field or "",
	// into e. It reports whether the data was whole and of this dialect; if
	// not, e is worthless.
	event(name, data []byte, e *event) bool
	// document reads the body of a response that was not streamed. It reports
	// whether the body was one complete JSON value.
	document(body []byte, e *event) bool
}

// knownDialect is a line of the table of dialects.
type knownDialect struct {
	api string
	post
	dialect dialect
}

// dialects is the table; the first that matches a request reads it.
func dialects() []knownDialect {
	return []knownDialect{
		{apiChat, post("/chat/completions"), openAI{}},
		{apiCompletions, post("/completions"), openAI{}},
		{apiResponses, post("/responses"), responses{}},
		{apiAnthropic, post("/v1/messages"), anthropic{}},
		{apiAnthropic, post(":rawPredict"), anthropic{}}, // Vertex AI
		{apiAnthropic, post(":streamRawPredict"), anthropic{}},
		{apiOllamaChat, post("/api/chat"), ollama{}},
		{apiOllamaGenerate, post("/api/generate"), ollama{}},
		{apiTGI, post("/generate_stream"), tgi{stream: true}},
		{apiTGI, post("/generate"), tgi{}},
	}
}

// dialectOf returns the dialect of an API, other for one without.
func dialectOf(api string) dialect {
	for _, known := range dialects() {
		if known.api == api {
			return known.dialect
		}
	}
	return other{}
}

// post matches POST requests to a path under any prefix: gateways mount the
// APIs below one.
type post string

func (suffix post) match(method, path string) bool {
	return method == "POST" && strings.HasSuffix(strings.TrimSuffix(path, "/"), string(suffix))
}
