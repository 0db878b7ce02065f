package forms

import (
	"net/url"
	"strings"

	"metron/internal/wire"
	"metron/schema"
)

// Path is where a request goes.
func (f Form) Path(model string, stream bool) string {
	path := wire.UsualPath(f.API())
	switch f {
	case schema.APISageMaker, SageMakerTGI:
		path = "/endpoints/MODEL/invocations"
	case schema.APIBedrock:
		path = "/model/MODEL/converse"
	case BedrockInvoke:
		path = "/model/MODEL/invoke"
	}
	return f.Redirect(path, model, stream)
}

// Redirect is a path of the API with another model, "" leaves that which is there,
// and for a stream where the path says so.
func (f Form) Redirect(path, model string, stream bool) string {
	if begin, end, ok := f.modelIn(path); ok && model != "" {
		path = path[:begin] + model + path[end:]
	}
	if f == schema.APIBedrock { // of no model that is invoked by its maker's own form
		path = strings.TrimSuffix(path, "-with-response-stream")
		if before, ok := strings.CutSuffix(path, "/invoke"); ok {
			path = before + "/converse"
		}
	}
	if !stream {
		return path
	}
	for _, to := range []struct{ api, whole, stream string }{
		{schema.APITGIGenerate, "/generate", "/generate_stream"},
		{schema.APIGemini, ":generateContent", ":streamGenerateContent"},
		{schema.APIBedrock, "/converse", "/converse-stream"},
		{schema.APIBedrock, "/invoke", "/invoke-with-response-stream"},
		{schema.APISageMaker, "/invocations", "/invocations-response-stream"},
	} {
		// SageMaker's containers have one path, for themselves.
		alone := to.api == schema.APISageMaker && !strings.Contains(path, "/endpoints/")
		if before, ok := strings.CutSuffix(path, to.whole); ok && to.api == f.API() && !alone {
			return before + to.stream
		}
	}
	return path
}

// modelIn is where the path names the model.
func (f Form) modelIn(path string) (begin, end int, ok bool) {
	var before, after string
	switch f.API() {
	case schema.APIGemini:
		before, after = "/models/", ":"
	case schema.APIBedrock:
		before, after = "/model/", "/"
	case schema.APISageMaker:
		before, after = "/endpoints/", "/"
	default:
		return 0, 0, false
	}
	begin = strings.LastIndex(path, before) + len(before)
	end = strings.LastIndex(path, after)
	return begin, end, begin >= len(before) && end >= begin
}

// Escape is a path as a URL has it: a model of Bedrock may be an ARN, and is one
// part of the path.
func (f Form) Escape(path string) string {
	whole := func(p string) string { return (&url.URL{Path: p}).EscapedPath() }
	if begin, end, ok := f.modelIn(path); ok {
		return whole(path[:begin]) + url.PathEscape(path[begin:end]) + whole(path[end:])
	}
	return whole(path)
}

// Query is that of the URL: Gemini's API streams events where it is told so, and
// one JSON array otherwise.
func (f Form) Query(stream bool) string {
	if f == schema.APIGemini && stream {
		return "alt=sse"
	}
	return ""
}
