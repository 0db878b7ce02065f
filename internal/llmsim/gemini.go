package llmsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// geminiRequest is the body of POST /v1beta/models/MODEL:generateContent.
type geminiRequest struct {
	SystemInstruction geminiContent   `json:"systemInstruction"`
	Contents          []geminiContent `json:"contents"`
	GenerationConfig  struct {
		MaxOutputTokens *int  `json:"maxOutputTokens"`
		CandidateCount  *int  `json:"candidateCount"`
		Seed            int64 `json:"seed"`
	} `json:"generationConfig"`
}

type geminiContent struct {
	Role  string            `json:"role"`
	Parts []json.RawMessage `json:"parts"`
}

// text is that of the parts; those without one count as their JSON.
func (c geminiContent) text() (text content) {
	for _, raw := range c.Parts {
		var p struct {
			Text *string `json:"text"`
		}
		if json.Unmarshal(raw, &p) == nil && p.Text != nil {
			text += content(*p.Text)
		} else {
			text += content(raw)
		}
	}
	return text
}

// gemini answers POST /v1beta/models/MODEL:generateContent and
// :streamGenerateContent.
func (s *Server) gemini(w http.ResponseWriter, r *http.Request) {
	model, verb, _ := strings.Cut(r.PathValue("call"), ":")
	array := r.URL.Query().Get("alt") != "sse"
	if verb != "generateContent" && verb != "streamGenerateContent" {
		e := statusError(http.StatusNotFound, "no such endpoint: "+r.Method+" "+r.URL.Path)
		e.writeAs(w, googleError(e))
		return
	}
	parse := func(body []byte) (*parsed, *apiError) {
		return s.config.parseGemini(body, model, verb == "streamGenerateContent")
	}
	p := protocol{contentType: "text/event-stream", failure: googleError,
		broken: func(body []byte) []byte { return slices.Concat([]byte("data: "), body, []byte("\r\n\r\n")) }}
	if array {
		p.contentType = "application/json; charset=UTF-8"
		p.broken = func(body []byte) []byte { return slices.Concat([]byte(",\r\n"), body, []byte("]")) }
	}
	s.generate(parse, func(j *job) dialect { return &gemini{job: j, array: array} }, p)(w, r)
}

func (c Config) parseGemini(body []byte, model string, stream bool) (*parsed, *apiError) {
	var r geminiRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, badRequest("", "the request body is not understood: %v", err)
	}
	if len(r.Contents) == 0 {
		return nil, badRequest("contents", "contents is not specified")
	}
	var messages []message
	if len(r.SystemInstruction.Parts) > 0 {
		messages = append(messages, message{Role: "system", Content: r.SystemInstruction.text()})
	}
	for _, one := range r.Contents {
		role := "user"
		if one.Role == "model" {
			role = "assistant"
		}
		messages = append(messages, message{Role: role, Content: one.text()})
	}
	g := r.GenerationConfig
	s := sampling{Model: model, MaxTokens: g.MaxOutputTokens, N: g.CandidateCount, Seed: g.Seed, Stream: stream}
	return c.parse(s, [][]int64{appendChat(nil, messages, nil)}, false)
}

// googleError is an error as Google's APIs word it.
func googleError(e *apiError) []byte {
	status := "INTERNAL"
	switch e.Status {
	case http.StatusBadRequest:
		status = "INVALID_ARGUMENT"
	case http.StatusNotFound:
		status = "NOT_FOUND"
	case http.StatusTooManyRequests:
		status = "RESOURCE_EXHAUSTED"
	case http.StatusServiceUnavailable:
		status = "UNAVAILABLE"
	}
	b := strconv.AppendInt([]byte(`{"error":{"code":`), int64(e.Status), 10)
	b = append(append(b, `,"message":`...), quote(e.Message)...)
	return append(b, `,"status":"`+status+`"}}`...)
}

// gemini is an answer in events, or in the objects of one array.
type gemini struct {
	*job
	array bool
	begun bool
}

func (d *gemini) open(b []byte, _ *choice) []byte { return b }

func (d *gemini) tokens(b []byte, c *choice, n int) []byte {
	b = d.begin(b)
	from := c.sent
	c.sent += n
	return d.close(d.appendCandidate(b, c, from, n, c.sent == c.seq.OutputTokens))
}

// begin opens an object of the stream, close ends it.
func (d *gemini) begin(b []byte) []byte {
	switch {
	case !d.array:
		b = append(b, "data: "...)
	case d.begun:
		b = append(b, ",\r\n"...)
	default:
		b = append(b, '[')
	}
	d.begun = true
	return append(b, `{"candidates":[`...)
}

func (d *gemini) close(b []byte) []byte {
	b = d.appendUsage(append(b, ']'))
	if !d.array {
		b = append(b, "\r\n\r\n"...)
	}
	return b
}

// appendCandidate appends n tokens of a choice; the last ones bring the reason.
func (d *gemini) appendCandidate(b []byte, c *choice, from, n int, last bool) []byte {
	b = appendText(append(b, `{"content":{"parts":[{"text":"`...), c, from, n)
	b = append(b, `"}],"role":"model"}`...)
	if last {
		reason := "MAX_TOKENS"
		if c.reason == "stop" {
			reason = "STOP"
		}
		b = append(b, `,"finishReason":"`+reason+`"`...)
	}
	b = strconv.AppendInt(append(b, `,"index":`...), int64(c.index), 10)
	return append(b, '}')
}

// appendUsage appends the counts so far, and closes the object.
func (d *gemini) appendUsage(b []byte) []byte {
	u := d.usage()
	for _, f := range []struct {
		name string
		n    int
	}{
		{`,"usageMetadata":{"promptTokenCount":`, u.prompt},
		{`,"candidatesTokenCount":`, u.output},
		{`,"cachedContentTokenCount":`, u.cached},
		{`,"totalTokenCount":`, u.prompt + u.output},
	} {
		b = strconv.AppendInt(append(b, f.name...), int64(f.n), 10)
	}
	b = append(append(b, `},"modelVersion":`...), quote(d.model)...)
	return append(b, `,"responseId":"`+d.id+`"}`...)
}

// finish is empty: the last token brought the reason.
func (d *gemini) finish(b []byte, _ *choice) []byte { return b }

func (d *gemini) end(b []byte) []byte {
	if d.array {
		b = append(b, ']')
	}
	return b
}

func (d *gemini) whole(b []byte) []byte {
	b = append(b, `{"candidates":[`...)
	for i, c := range d.choices {
		if i > 0 {
			b = append(b, ',')
		}
		c.sent = c.seq.OutputTokens
		b = d.appendCandidate(b, c, 0, c.sent, true)
	}
	return d.appendUsage(append(b, ']'))
}
