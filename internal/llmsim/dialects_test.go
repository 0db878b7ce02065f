package llmsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"metron/internal/wire"
)

// read posts a request and reads the answer as a capture would.
func read(t *testing.T, s *Server, path, body string) (wire.Response, string) {
	t.Helper()
	r := post(t, s, path, body)
	all, _ := io.ReadAll(r.Body) // how it ended, the decoder tells
	d := wire.NewDecoder(wire.ParseRequest(http.MethodPost, path, []byte(body)), r.StatusCode, r.Header)
	d.Feed(all, 1, 1)
	return d.Finish(), string(all)
}

const (
	offered     = `"tools":[{"type":"function","name":"a","function":{"name":"a"}},{"type":"function","name":"b","function":{"name":"b"}}]`
	ask         = `"messages":[{"role":"user","content":"hello there"}]`
	askInput    = `"input":[{"role":"user","content":[{"type":"input_text","text":"hello there"}]}]`
	askPrompt   = `"prompt":"hello there"`
	askContents = `"contents":[{"role":"user","parts":[{"text":"hello there"}]}]`
	askBlocks   = `"messages":[{"role":"user","content":[{"text":"hello there"}]}]`
)

// streamPath is where an API streams that does so by the path.
func streamPath(path string) string {
	return strings.NewReplacer(":generate", ":streamGenerate", "/generate", "/generate_stream", "/api/generate", "/api/generate", "/converse", "/converse-stream",
		"/invoke", "/invoke-with-response-stream", "/invocations", "/invocations-response-stream").Replace(path)
}

// TestDialects asks for an answer of 6 tokens in every API, streamed and not: the
// events carry them, and the usage tells them.
func TestDialects(t *testing.T) {
	s := start(t, Config{Output: OutputLengths{MedianTokens: 1000, Sigma: 0}})
	for _, test := range []struct{ name, path, body, kinds, reason string }{
		{"chat", "/v1/chat/completions", ask + `,"max_tokens":6`, "[4 0 0 0 0 0 0 5 9]", "length"},
		{"responses", "/v1/responses", askInput + `,"max_output_tokens":6`, "[10 10 4 10 0 0 0 0 0 0 10 10 10 5]", "max_output_tokens"},
		{"messages", "/v1/messages", ask + `,"max_tokens":6,"system":"be brief"`, "[4 10 7 0 0 0 0 0 0 10 5 9]", "max_tokens"},
		{"ollama chat", "/api/chat", ask + `,"options":{"num_predict":6}`, "[0 0 0 0 0 0 5]", "length"},
		{"ollama generate", "/api/generate", askPrompt + `,"options":{"num_predict":6}`, "[0 0 0 0 0 0 5]", "length"},
		{"gemini", "/v1beta/models/metron-sim:generateContent?alt=sse", askContents + `,"generationConfig":{"maxOutputTokens":6}`, "[0 0 0 0 0 0]", "MAX_TOKENS"},
		{"gemini, an array", "/v1beta/models/metron-sim:generateContent", askContents + `,"generationConfig":{"maxOutputTokens":6}`, "[0 0 0 0 0 0]", "MAX_TOKENS"},
		{"tgi", "/generate", `"inputs":"hello there","parameters":{"max_new_tokens":6}`, "[0 0 0 0 0 0]", "length"},
		{"converse", "/model/metron-sim/converse", askBlocks + `,"inferenceConfig":{"maxTokens":6}`, "[4 0 0 0 0 0 0 10 5 6]", "max_tokens"},
		{"invoke", "/model/metron-sim/invoke", ask + `,"max_tokens":6`, "[4 10 7 0 0 0 0 0 0 10 5 9]", "max_tokens"},
		{"sagemaker", "/endpoints/e/invocations", ask + `,"max_tokens":6,"stream_options":{"include_usage":true}`, "[4 0 0 0 0 0 0 5 6 9]", "length"},
		{"sagemaker, tgi", "/endpoints/e/invocations", `"inputs":"hello there","parameters":{"max_new_tokens":6}`, "[0 0 0 0 0 0]", "length"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, body := read(t, s, streamPath(test.path), `{`+test.body+`,"stream":true}`)
			if got := fmt.Sprint(r.Kind); got != test.kinds || !r.Terminal || r.Failed || len(r.FinishReasons) != 1 || r.FinishReasons[0] != test.reason {
				t.Errorf("%s, %+v\n%s", got, r, body)
			}
			whole, body := read(t, s, test.path, `{`+strings.Replace(test.body, `,"stream_options":{"include_usage":true}`, "", 1)+`,"stream":false}`)
			if !whole.Terminal || whole.Failed || *whole.OutputTokens != 6 || *whole.InputTokens < 2 || whole.FinishReasons[0] != test.reason || !json.Valid([]byte(body)) {
				t.Errorf("%+v\n%s", whole, body)
			}
			if test.name != "chat" && (*r.OutputTokens != 6 || *r.InputTokens != *whole.InputTokens) {
				t.Errorf("usage %d %d, not streamed %d %d", *r.InputTokens, *r.OutputTokens, *whole.InputTokens, *whole.OutputTokens)
			}
		})
	}
}

// TestToolCalls demands a call in every API that has it: the arguments are one
// JSON object unless the length cuts them.
func TestToolCalls(t *testing.T) {
	s := start(t, Config{Output: OutputLengths{MedianTokens: 7, Sigma: 0}})
	for _, test := range []struct{ name, path, body, reason string }{
		{"chat, any", "/v1/chat/completions", ask + `,"tool_choice":"required"`, "tool_calls"},
		{"chat, named", "/v1/chat/completions", ask + `,"tool_choice":{"type":"function","function":{"name":"b"}}`, "tool_calls"},
		{"responses, any", "/v1/responses", askInput + `,"tool_choice":"required"`, "completed"},
		{"responses, named", "/v1/responses", askInput + `,"tool_choice":{"type":"function","name":"b"}`, "completed"},
		{"messages, any", "/v1/messages", ask + `,"max_tokens":100,"tool_choice":{"type":"any"}`, "tool_use"},
		{"messages, named", "/v1/messages", ask + `,"max_tokens":100,"tool_choice":{"type":"tool","name":"b"}`, "tool_use"},
		{"chat, cut", "/v1/chat/completions", ask + `,"max_tokens":3,"tool_choice":"required"`, "length"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, body := read(t, s, test.path, `{`+test.body+`,`+offered+`,"stream":true}`)
			tools := 0
			for _, k := range r.Kind {
				if k == wire.Content {
					t.Errorf("text in %s", body)
				}
				if k == wire.Tool {
					tools++
				}
			}
			want := 8 // the name, and a fragment a token
			if strings.HasSuffix(test.name, "cut") {
				want = 4
			}
			if tools != want || fmt.Sprint(r.FinishReasons) != "["+test.reason+"]" {
				t.Errorf("%d fragments, reasons %v:\n%s", tools, r.FinishReasons, body)
			}
			name := "a"
			if strings.HasSuffix(test.name, "named") {
				name = "b"
			}
			whole, body := read(t, s, test.path, `{`+test.body+`,`+offered+`}`)
			if fmt.Sprint(whole.FinishReasons) != "["+test.reason+"]" || !strings.Contains(body, `"name":"`+name+`"`) || !json.Valid([]byte(body)) {
				t.Errorf("reasons %v: %s", whole.FinishReasons, body)
			}
		})
	}
	for _, body := range []string{ask + `,"tool_choice":"required"`, ask + `,"tool_choice":{"type":"function","function":{"name":"c"}},` + offered, ask + `,"tool_choice":7`, ask + `,"tools":7`} {
		if r, _ := read(t, s, "/v1/chat/completions", `{`+body+`}`); !r.Failed {
			t.Errorf("%s: %+v", body, r)
		}
	}
	for _, body := range []string{ask + `,` + offered, ask + `,"tool_choice":"auto",` + offered, ask + `,"tool_choice":"none",` + offered} {
		if r, _ := read(t, s, "/v1/chat/completions", `{`+body+`}`); fmt.Sprint(r.FinishReasons) != "[stop]" {
			t.Errorf("%s: %+v", body, r.FinishReasons)
		}
	}
}

// TestDialectErrors asks what is refused, and has streams fail amid.
func TestDialectErrors(t *testing.T) {
	s := start(t, Config{})
	for _, test := range []struct{ path, body, kind string }{
		{"/v1/responses", `{}`, "invalid_request_error"},
		{"/v1/responses", `{"input":[{"role":"user","content":[{"type":"input_image"}]}]}`, "invalid_request_error"},
		{"/v1/responses", `{"model":"none","input":"a"}`, "invalid_request_error"},
		{"/v1/messages", `{` + ask + `}`, "invalid_request_error"},
		{"/v1/messages", `{"model":"none","max_tokens":3,` + ask + `}`, "not_found_error"},
		{"/api/generate", `{}`, ""},
		{"/generate", `{}`, "validation"},
		{"/v1beta/models/none:generateContent", `{` + askContents + `}`, "NOT_FOUND"},
		{"/v1beta/models/metron-sim:generateContent", `{}`, "INVALID_ARGUMENT"},
		{"/v1beta/models/metron-sim:countTokens", `{` + askContents + `}`, "NOT_FOUND"},
		{"/model/none/converse", `{` + askBlocks + `}`, ""},
		{"/model/none/invoke", `{"max_tokens":3,` + ask + `}`, ""},
		{"/model/metron-sim/converse", `{"messages":[{"role":"assistant","content":[{"text":"a"}]}]}`, ""},
		{"/endpoints/e/invocations", `{}`, ""},
	} {
		if r, body := read(t, s, test.path, test.body); !r.Failed || r.ErrorType != test.kind || r.ErrorMessage == "" {
			t.Errorf("%s %s: %q %q in %s", test.path, test.body, r.ErrorType, r.ErrorMessage, body)
		}
	}
	failing := start(t, Config{Faults: Faults{StreamError: 1}})
	for path, body := range map[string]string{"/v1/responses": askInput + `,"max_output_tokens":6`, "/v1/messages": ask + `,"max_tokens":6`, "/api/generate": askPrompt,
		"/generate_stream": `"inputs":"hello there"`, "/v1beta/models/metron-sim:streamGenerateContent": askContents, "/v1beta/models/metron-sim:streamGenerateContent?alt=sse": askContents,
		"/model/metron-sim/converse-stream": askBlocks, "/endpoints/e/invocations-response-stream": ask} {
		if r, all := read(t, failing, path, `{`+body+`,"stream":true}`); !r.Failed || r.ErrorMessage != "an injected fault" || r.Kind[len(r.Kind)-1] != wire.Error {
			t.Errorf("%s: %+v\n%s", path, r, all)
		}
	}
}
