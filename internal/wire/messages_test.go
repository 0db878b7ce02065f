package wire

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// named writes events as the Messages and Responses APIs do: each is named by
// the type in its data.
func named(datas ...string) []byte {
	var b strings.Builder
	for _, data := range datas {
		_, rest, _ := strings.Cut(data, `"type":"`)
		kind, _, _ := strings.Cut(rest, `"`)
		fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", kind, data)
	}
	return []byte(b.String())
}

// told writes what a response told in one line.
func (r Response) told() string {
	return fmt.Sprintf("in %s cached %s out %s reasoning %s", orDash(r.InputTokens), orDash(r.CachedInputTokens), orDash(r.OutputTokens), orDash(r.ReasoningTokens))
}

const (
	messageStart = `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m-1","content":[],` +
		`"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":5,"cache_creation_input_tokens":3,"cache_read_input_tokens":20,"output_tokens":1}}}`
	messageStop = `{"type":"message_stop"}`
)

// TestAnthropicStreams holds streams in the forms that Anthropic documents.
func TestAnthropicStreams(t *testing.T) {
	block := func(content string) string {
		return `{"type":"content_block_start","index":0,"content_block":` + content + `}`
	}
	delta := func(d string) string { return `{"type":"content_block_delta","index":0,"delta":` + d + `}` }
	const blockStop = `{"type":"content_block_stop","index":0}`
	end := func(reason string, tokens int) string {
		return fmt.Sprintf(`{"type":"message_delta","delta":{"stop_reason":%q,"stop_sequence":null},"usage":{"output_tokens":%d}}`, reason, tokens)
	}
	for _, test := range []struct {
		name, kinds, told, reasons, failure string
		terminal                            bool
		events                              []string
	}{
		{"text", "[role other ping content content other finish done]", "in 28 cached 20 out 15 reasoning -", "[end_turn]", "", true,
			[]string{messageStart, block(`{"type":"text","text":""}`), `{"type": "ping"}`, delta(`{"type":"text_delta","text":"Hello"}`),
				delta(`{"type":"text_delta","text":"!"}`), blockStop, end("end_turn", 15), messageStop}},
		{"a tool's use", "[role tool other tool tool other finish done]", "in 28 cached 20 out 89 reasoning -", "[tool_use]", "", true,
			[]string{messageStart, block(`{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{}}`), delta(`{"type":"input_json_delta","partial_json":""}`),
				delta(`{"type":"input_json_delta","partial_json":"{\"location\":"}`), delta(`{"type":"input_json_delta","partial_json":" \"SF\"}"}`),
				blockStop, end("tool_use", 89), messageStop}},
		{"thinking", "[role other reasoning other other reasoning content other finish done]", "in 28 cached 20 out 9 reasoning -", "[end_turn]", "", true,
			[]string{messageStart, block(`{"type":"thinking","thinking":"","signature":""}`), delta(`{"type":"thinking_delta","thinking":"Let me"}`),
				delta(`{"type":"signature_delta","signature":"EqQB"}`), blockStop, block(`{"type":"redacted_thinking","data":"abc"}`),
				delta(`{"type":"text_delta","text":"27"}`), blockStop, end("end_turn", 9), messageStop}},
		{"thinking that is counted", "[role reasoning content finish done]", "in 28 cached 20 out 90 reasoning 75", "[end_turn]", "", true,
			[]string{messageStart, delta(`{"type":"thinking_delta","thinking":"so"}`), delta(`{"type":"text_delta","text":"27"}`),
				`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":90,"output_tokens_details":{"thinking_tokens":75}}}`, messageStop}},
		{"a server's tool and what it found", "[role tool other content done]", "in 28 cached 20 out - reasoning -", "[]", "", true,
			[]string{messageStart, block(`{"type":"server_tool_use","id":"s","name":"web_search","input":{}}`),
				block(`{"type":"web_search_tool_result","tool_use_id":"s","content":[{"type":"web_search_result","title":"T","url":"u"}]}`),
				delta(`{"type":"text_delta","text":"x","citations":[]}`), messageStop}},
		{"an error amid it", "[role content error]", "in 28 cached 20 out - reasoning -", "[]", "overloaded_error: Overloaded", false,
			[]string{messageStart, delta(`{"type":"text_delta","text":"a"}`), `{"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"}}`}},
		{"cut", "[role content]", "in 28 cached 20 out - reasoning -", "[]", "", false, []string{messageStart, delta(`{"type":"text_delta","text":"a"}`)}},
		{"the reason without the stop", "[content finish]", "in - cached - out 4 reasoning -", "[max_tokens]", "", true,
			[]string{delta(`{"type":"text_delta","text":"a"}`), end("max_tokens", 4)}},
		{"unknown events", "[other other done]", "in - cached - out - reasoning -", "[]", "", true,
			[]string{`{"type":"vendor_event","text":7}`, `[1]`, messageStop}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := decodeAt(Request{API: apiAnthropic, Stream: true, ChoiceCount: 1}, 200, eventStream(), named(test.events...))
			failure := ""
			if r.Failed {
				failure = r.ErrorType + ": " + r.ErrorMessage
			}
			if got := fmt.Sprint(kindNames(r.Kind)); got != test.kinds || r.told() != test.told || fmt.Sprint(r.FinishReasons) != test.reasons ||
				failure != test.failure || r.Terminal != test.terminal || (r.TokenSource == "usage") != (r.OutputTokens != nil) {
				t.Errorf("%s, %s by %s, reasons %v, failure %q, terminal %v", got, r.told(), r.TokenSource, r.FinishReasons, failure, r.Terminal)
			}
		})
	}
}

// TestAnthropicDocument reads answers that are not streamed.
func TestAnthropicDocument(t *testing.T) {
	req := Request{API: apiAnthropic, ChoiceCount: 1}
	r := decodeAt(req, 200, contentType("application/json"), []byte(`{"id":"msg_1","type":"message","role":"assistant","model":"m-1",
		"content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"Hi"},{"type":"tool_use","id":"t","name":"n","input":{"a":1}}],
		"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":6}}`))
	if !r.Terminal || r.Failed || r.ID != "msg_1" || r.Model != "m-1" || r.told() != "in 12 cached - out 6 reasoning -" || fmt.Sprint(r.FinishReasons) != "[tool_use]" {
		t.Errorf("%+v", r)
	}
	r = decodeAt(req, 529, contentType("application/json"), []byte(`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}`))
	if !r.Failed || r.ErrorType != "overloaded_error" || r.ErrorMessage != "Overloaded" {
		t.Errorf("%+v", r)
	}
}

func TestMessagesRequests(t *testing.T) {
	for _, test := range []struct{ path, body, want string }{
		{"/v1/messages", `{"model":"m","stream":true,"max_tokens":9,"temperature":0.5,"top_p":0.9,"top_k":40,"tools":[{},{}],"metadata":{"user_id":"u"},
			"messages":[{"role":"user","content":[{"type":"image","source":{}},{"type":"tool_result","content":[{"type":"image"},{"type":"text","text":"x"}]}]},{"role":"user","content":"t"}]}`,
			`{"API":"anthropic.messages","Model":"m","Stream":true,"ChoiceCount":1,"MaxTokens":9,"MinTokens":null,"TopK":40,"Seed":null,"IgnoreEOS":null,` +
				`"Temperature":0.5,"TopP":0.9,"ResponseFormat":"","ToolCount":2,"ImageCount":2,"User":"u","Conversation":"","PreviousResponse":""}`},
		{"/v1/projects/p/locations/l/publishers/anthropic/models/claude:streamRawPredict", `{"stream":true,"max_tokens":1}`,
			`{"API":"anthropic.messages","Model":"","Stream":true,"ChoiceCount":1,"MaxTokens":1,"MinTokens":null,"TopK":null,"Seed":null,"IgnoreEOS":null,` +
				`"Temperature":null,"TopP":null,"ResponseFormat":"","ToolCount":0,"ImageCount":0,"User":"","Conversation":"","PreviousResponse":""}`},
		{"/v1/responses", `{"model":"m","stream":true,"max_output_tokens":16,"temperature":1,"top_p":1,"user":"u","previous_response_id":"resp_1","conversation":{"id":"c"},
			"tools":[{"type":"function"}],"text":{"format":{"type":"json_schema","name":"n"}},"input":[{"role":"user","content":[{"type":"input_image"},{"type":"input_text"}]}]}`,
			`{"API":"openai.responses","Model":"m","Stream":true,"ChoiceCount":1,"MaxTokens":16,"MinTokens":null,"TopK":null,"Seed":null,"IgnoreEOS":null,` +
				`"Temperature":1,"TopP":1,"ResponseFormat":"json_schema","ToolCount":1,"ImageCount":1,"User":"u","Conversation":"c","PreviousResponse":"resp_1"}`},
		{"/v1/responses", `{"input":"text","conversation":"c2","text":null,"metadata":7}`,
			`{"API":"openai.responses","Model":"","Stream":false,"ChoiceCount":1,"MaxTokens":null,"MinTokens":null,"TopK":null,"Seed":null,"IgnoreEOS":null,` +
				`"Temperature":null,"TopP":null,"ResponseFormat":"","ToolCount":0,"ImageCount":0,"User":"","Conversation":"c2","PreviousResponse":""}`},
	} {
		if got := asJSON(ParseRequest(http.MethodPost, test.path, []byte(test.body))); got != test.want {
			t.Errorf("%s %s:\n%s, want\n%s", test.path, test.body, got, test.want)
		}
	}
	for _, path := range []string{"/v1/threads/t/messages", "/v1/messages/count_tokens", "/v1/responses/resp_1"} {
		if r := ParseRequest(http.MethodPost, path, nil); r.API != apiOther {
			t.Errorf("%s is %s", path, r.API)
		}
	}
}

const responseDone = `{"type":"response.completed","sequence_number":9,"response":{"id":"resp_1","object":"response","status":"completed","model":"m-1","error":null,` +
	`"incomplete_details":null,"output":[{"type":"message","content":[{"type":"output_text","text":"no token"}]}],` +
	`"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":8},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":123}}}`

// TestResponsesStreams holds streams in the forms that OpenAI documents.
func TestResponsesStreams(t *testing.T) {
	const created = `{"type":"response.created","response":{"id":"resp_1","object":"response","status":"in_progress","model":"m-1","error":null,"output":[],"usage":null}}`
	const told = "in 36 cached 8 out 87 reasoning 5"
	delta := func(kind, text string) string {
		return fmt.Sprintf(`{"type":"response.%s.delta","item_id":"i","output_index":0,"delta":%q,"logprobs":[]}`, kind, text)
	}
	for _, test := range []struct {
		name, kinds, told, reasons, failure string
		terminal                            bool
		events                              []string
	}{
		{"text", "[other role other content content other other other finish]", told, "[completed]", "", true,
			[]string{created, `{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"message","status":"in_progress","role":"assistant","content":[]}}`,
				`{"type":"response.content_part.added","part":{"type":"output_text","text":"","annotations":[]}}`,
				delta("output_text", "Hi"), delta("output_text", " there"), `{"type":"response.output_text.done","text":"Hi there"}`,
				`{"type":"response.content_part.done","part":{"type":"output_text","text":"Hi there"}}`,
				`{"type":"response.output_item.done","item":{"type":"message","role":"assistant","content":[{"text":"Hi there"}]}}`, responseDone}},
		{"a call", "[other tool tool other other finish]", told, "[completed]", "", true,
			[]string{created, `{"type":"response.output_item.added","item":{"type":"function_call","id":"fc","call_id":"c","name":"get_weather","arguments":""}}`,
				delta("function_call_arguments", "{\"a\""), `{"type":"response.function_call_arguments.done","arguments":"{\"a\":1}"}`,
				`{"type":"response.output_item.done","item":{"type":"function_call","name":"get_weather","arguments":"{\"a\":1}"}}`, responseDone}},
		{"reasoning and a refusal", "[other reasoning reasoning refusal finish]", told, "[completed]", "", true,
			[]string{created, delta("reasoning_summary_text", "so"), delta("reasoning_text", "then"), delta("refusal", "no"), responseDone}},
		{"cut by its limit", "[content finish]", "in - cached - out 2 reasoning -", "[max_output_tokens]", "", true,
			[]string{delta("output_text", "a"), `{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"usage":{"output_tokens":2}}}`}},
		{"failed", "[content error]", "in - cached - out - reasoning -", "[]", "server_error: The model failed", true,
			[]string{delta("output_text", "a"), `{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"The model failed"}}}`}},
		{"an error", "[error]", "in - cached - out - reasoning -", "[]", "ERR_SOMETHING: Something went wrong", false,
			[]string{`{"type":"error","code":"ERR_SOMETHING","message":"Something went wrong","param":null,"sequence_number":1}`}},
		{"empty deltas and unknown ones", "[other other other]", "in - cached - out - reasoning -", "[]", "", false,
			[]string{delta("output_text", ""), delta("audio", "UklG"), `{"type":"response.web_search_call.searching"}`}},
		{"[DONE] at the end", "[content finish done]", told, "[completed]", "", true, []string{delta("output_text", "a"), responseDone, "[DONE]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := Request{API: apiResponses, Stream: true, ChoiceCount: 1}
			for _, body := range [][]byte{named(test.events...), events(test.events...)} { // some servers name no events
				r := decodeAt(req, 200, eventStream(), body)
				failure := ""
				if r.Failed {
					failure = r.ErrorType + ": " + r.ErrorMessage
				}
				if got := fmt.Sprint(kindNames(r.Kind)); got != test.kinds || r.told() != test.told || fmt.Sprint(r.FinishReasons) != test.reasons ||
					failure != test.failure || r.Terminal != test.terminal {
					t.Errorf("%s, %s, reasons %v, failure %q, terminal %v", got, r.told(), r.FinishReasons, failure, r.Terminal)
				}
			}
		})
	}
}

func TestResponsesLogprobs(t *testing.T) {
	r := decodeAt(Request{API: apiResponses, Stream: true, ChoiceCount: 1}, 200, eventStream(), named(
		`{"type":"response.output_text.delta","delta":"a b","logprobs":[{"token":"a"},{"token":" b"}]}`,
		`{"type":"response.output_text.delta","delta":"c","logprobs":[{"token":"c"}]}`, responseDone))
	if r.TokenSource != "logprobs" || fmt.Sprint(r.Tokens) != "[2 1 0]" {
		t.Errorf("%s %v", r.TokenSource, r.Tokens)
	}
}

func TestResponsesDocument(t *testing.T) {
	req := Request{API: apiResponses, ChoiceCount: 1}
	_, rest, _ := strings.Cut(responseDone, `"response":`)
	r := decodeAt(req, 200, contentType("application/json"), []byte(strings.TrimSuffix(rest, "}")))
	if !r.Terminal || r.Failed || r.ID != "resp_1" || r.Model != "m-1" || r.told() != "in 36 cached 8 out 87 reasoning 5" || fmt.Sprint(r.FinishReasons) != "[completed]" {
		t.Errorf("%+v", r)
	}
	r = decodeAt(req, 200, contentType("application/json"), []byte(`{"id":"r","status":"failed","error":{"code":"c","message":"m"}}`))
	if !r.Failed || r.ErrorMessage != "m" || r.ErrorType != "c" {
		t.Errorf("%+v", r)
	}
}
