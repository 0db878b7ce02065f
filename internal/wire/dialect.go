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
var dialects = []knownDialect{
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
	{apiGemini, post(":streamGenerateContent"), gemini{stream: true}},
	{apiGemini, post(":generateContent"), gemini{}},
	{apiBedrock, post("/model/*/invoke-with-response-stream"), bedrock{stream: true}},
	{apiBedrock, post("/model/*/converse-stream"), bedrock{stream: true}},
	{apiBedrock, post("/model/*/invoke"), bedrock{}},
	{apiBedrock, post("/model/*/converse"), bedrock{}},
	{apiSageMaker, post("/invocations-response-stream"), sagemaker{stream: true}},
	{apiSageMaker, post("/invocations"), sagemaker{}},
	{apiEmbeddings, post("/embeddings"), embeddings{}},
	{apiEmbeddings, post("/api/embed"), embeddings{}},
}

// dialectOf returns the dialect of an API, other for one without.
func dialectOf(api string) dialect {
	for _, known := range dialects {
		if known.api == api {
			return known.dialect
		}
	}
	return other{}
}

// UsualPath is where an API is commonly served, without what a path may tell of
// an account, a deployment or a model; "" for an API without a dialect.
func UsualPath(api string) string {
	switch api {
	case apiChat:
		return "/v1/chat/completions"
	case apiCompletions:
		return "/v1/completions"
	case apiResponses:
		return "/v1/responses"
	case apiAnthropic:
		return "/v1/messages"
	case apiOllamaChat:
		return "/api/chat"
	case apiOllamaGenerate:
		return "/api/generate"
	case apiTGI:
		return "/generate"
	case apiGemini:
		return "/v1beta/models/MODEL:generateContent"
	case apiBedrock:
		return "/model/MODEL/invoke"
	case apiSageMaker:
		return "/invocations"
	case apiEmbeddings:
		return "/v1/embeddings"
	}
	return ""
}

// post matches POST requests to a path under any prefix: gateways mount the
// APIs below one. A * stands for anything.
type post string

func (p post) match(method, path string) bool {
	path = strings.TrimSuffix(path, "/")
	under, suffix, wild := strings.Cut(string(p), "*")
	if !wild {
		under, suffix = "", under
	}
	rest, ok := strings.CutSuffix(path, suffix)
	return ok && method == "POST" && strings.Contains(rest, under)
}
