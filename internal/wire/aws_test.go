package wire

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

func frameStream() http.Header { return contentType(framesType) }

// message writes a message of an AWS event stream with the SDK's own encoder.
func message(t testing.TB, kind, name, payload string) []byte {
	t.Helper()
	m := eventstream.Message{Payload: []byte(payload)}
	m.Headers.Set(":message-type", eventstream.StringValue(kind))
	m.Headers.Set(":content-type", eventstream.StringValue("application/json"))
	switch kind {
	case "event":
		m.Headers.Set(":event-type", eventstream.StringValue(name))
	case "exception":
		m.Headers.Set(":exception-type", eventstream.StringValue(name))
	case "error":
		m.Headers.Set(":error-code", eventstream.StringValue(name))
		m.Headers.Set(":error-message", eventstream.StringValue(payload))
		m.Payload = nil
	}
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// converseSample is an answer of ConverseStream, as AWS documents it.
func converseSample(t testing.TB) []byte {
	return bytes.Join([][]byte{
		message(t, "event", "messageStart", `{"role":"assistant","p":"abc"}`),
		message(t, "event", "contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}},"p":"a"}`),
		message(t, "event", "contentBlockDelta", `{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"Eq"}}}`),
		message(t, "event", "contentBlockDelta", `{"contentBlockIndex":1,"delta":{"text":"Hi"}}`),
		message(t, "event", "contentBlockStop", `{"contentBlockIndex":1}`),
		message(t, "event", "contentBlockStart", `{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t","name":"get"}}}`),
		message(t, "event", "contentBlockDelta", `{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{}"}}}`),
		message(t, "event", "messageStop", `{"stopReason":"tool_use"}`),
		message(t, "event", "metadata", `{"usage":{"inputTokens":10,"cacheReadInputTokens":6,"cacheWriteInputTokens":1,"outputTokens":20,"totalTokens":37},"metrics":{"latencyMs":551}}`),
	}, nil)
}

// invoked wraps the events of a model's maker as InvokeModelWithResponseStream does.
func invoked(t testing.TB, inner ...string) (body []byte) {
	for _, data := range inner {
		body = append(body, message(t, "event", "chunk", `{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(data))+`","p":"abcdef"}`)...)
	}
	return body
}

const measured = `"amazon-bedrock-invocationMetrics":{"inputTokenCount":28,"outputTokenCount":15,"invocationLatency":820,"firstByteLatency":310}`

func invokeSample(t testing.TB) []byte {
	return invoked(t, messageStart, `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}`,
		`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}`, `{"type":"message_stop",`+measured+`}`)
}

// parts puts a body into the payloads of SageMaker's messages, cut anywhere.
func parts(t testing.TB, body []byte, size int) (sent []byte) {
	for len(body) > 0 {
		n := min(size, len(body))
		sent = append(sent, message(t, "event", "PayloadPart", string(body[:n]))...)
		body = body[n:]
	}
	return sent
}

// TestAWSStreams reads each maker's events, whole, cut at every byte, and ended
// at every byte.
func TestAWSStreams(t *testing.T) {
	for _, test := range []struct {
		name, path, kinds, told, reasons, failure string
		terminal                                  bool
		body                                      []byte
	}{
		{"converse", "/model/m/converse-stream", "[role reasoning other content other tool tool finish usage]", "in 17 cached 6 out 20 reasoning -", "[tool_use]", "", true, converseSample(t)},
		{"invoke, Anthropic", "/model/m/invoke-with-response-stream", "[role other content finish usage]", "in 28 cached 20 out 15 reasoning -", "[end_turn]", "", true, invokeSample(t)},
		{"invoke, Llama", "/model/m/invoke-with-response-stream", "[content content finish]", "in 9 cached - out 15 reasoning -", "[stop]", "", true,
			invoked(t, `{"generation":"a","prompt_token_count":9,"generation_token_count":1,"stop_reason":null}`,
				`{"generation":"b","prompt_token_count":null,"generation_token_count":2,"stop_reason":null}`,
				`{"generation":"","prompt_token_count":null,"generation_token_count":2,"stop_reason":"stop",`+measured+`}`)},
		{"invoke, Mistral", "/model/m/invoke-with-response-stream", "[content finish]", "in 28 cached - out 15 reasoning -", "[length]", "", true,
			invoked(t, `{"outputs":[{"text":"a","stop_reason":null}]}`, `{"outputs":[{"text":"","stop_reason":"length"}],`+measured+`}`)},
		{"invoke, Titan", "/model/m/invoke-with-response-stream", "[content]", "in 3 cached - out 15 reasoning -", "[FINISH]", "", true,
			invoked(t, `{"outputText":"a","index":0,"totalOutputTextTokenCount":1,"completionReason":"FINISH","inputTextTokenCount":3,`+measured+`}`)},
		{"invoke, Nova", "/model/m/invoke-with-response-stream", "[role content finish usage]", "in 1 cached - out 15 reasoning -", "[end_turn]", "", true,
			invoked(t, `{"messageStart":{"role":"assistant"}}`, `{"contentBlockDelta":{"delta":{"text":"a"},"contentBlockIndex":0}}`,
				`{"messageStop":{"stopReason":"end_turn"}}`, `{"metadata":{"usage":{"inputTokens":1,"outputTokens":2}},`+measured+`}`)},
		{"invoke, Nova, cached", "/model/m/invoke-with-response-stream", "[content usage]", "in 108 cached 7 out 15 reasoning -", "[]", "", true,
			invoked(t, `{"contentBlockDelta":{"delta":{"text":"a"},"contentBlockIndex":0}}`,
				`{"metadata":{"usage":{"inputTokens":1,"outputTokens":2,"cacheReadInputTokenCount":7,"cacheWriteInputTokenCount":100}},`+measured+`}`)},
		{"invoke, a cache that is measured", "/model/m/invoke-with-response-stream", "[role content finish usage]", "in 25040 cached 0 out 15 reasoning 4", "[end_turn]", "", true,
			invoked(t, `{"type":"message_start","message":{"role":"assistant","usage":{"input_tokens":3,"cache_creation_input_tokens":25037,"cache_read_input_tokens":0,"output_tokens":1}}}`,
				`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}`,
				`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15,"output_tokens_details":{"thinking_tokens":4}}}`,
				`{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":15,"cacheReadInputTokenCount":0,"cacheWriteInputTokenCount":25037}}`)},
		{"invoke, a cache that is not measured", "/model/m/invoke-with-response-stream", "[role content usage]", "in 25040 cached 0 out 15 reasoning -", "[]", "", true,
			invoked(t, `{"type":"message_start","message":{"role":"assistant","usage":{"input_tokens":3,"cache_creation_input_tokens":25037,"cache_read_input_tokens":0,"output_tokens":1}}}`,
				`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}`,
				`{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":15}}`)},
		{"invoke, chat", "/model/m/invoke-with-response-stream", "[content usage]", "in 28 cached - out 15 reasoning -", "[]", "", true,
			invoked(t, delta(`"content":"a"`, ""), `{`+measured+`}`)},
		{"an exception", "/model/m/converse-stream", "[role error]", "in - cached - out - reasoning -", "[]", "throttlingException: Too many", false,
			append(message(t, "event", "messageStart", `{"role":"assistant"}`), message(t, "exception", "throttlingException", `{"message":"Too many"}`)...)},
		{"an error", "/model/m/converse-stream", "[error]", "in - cached - out - reasoning -", "[]", "InternalError: it broke", false,
			message(t, "error", "InternalError", "it broke")},
		{"sagemaker, chat", "/endpoints/e/invocations-response-stream", "[content content usage done]", "in 3 cached - out 2 reasoning -", "[stop]", "", true,
			parts(t, events(delta(`"content":"a"`, ""), `{"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop"}]}`, `{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}`, "[DONE]"), 11)},
		{"sagemaker, TGI", "/endpoints/e/invocations-response-stream", "", "", "", "", true, parts(t, events(tgiSamples()...), 33)},
		{"sagemaker, lines", "/endpoints/e/invocations-response-stream", "[content content]", "in - cached - out 2 reasoning -", "[length]", "", true,
			parts(t, []byte(`{"token":{"id":1,"text":"a","special":false}}`+"\n"+`{"token":{"id":2,"text":"b","special":false},"generated_text":"ab","details":{"finish_reason":"length","generated_tokens":2}}`+"\n"), 5)},
		{"sagemaker, broken model", "/endpoints/e/invocations-response-stream", "[content error]", "in - cached - out - reasoning -", "[]", "ModelStreamError: died", false,
			append(parts(t, events(delta(`"content":"a"`, "")), 1000), message(t, "exception", "ModelStreamError", `{"message":"died","errorCode":"x"}`)...)},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := ParseRequest(http.MethodPost, test.path, []byte(`{}`))
			if !req.Stream || req.Model == "" {
				t.Fatalf("%+v", req)
			}
			want := decodeAt(req, 200, frameStream(), test.body)
			failure := ""
			if want.Failed && test.kinds != "" {
				failure = want.ErrorType + ": " + want.ErrorMessage
			}
			if got := fmt.Sprint(kindNames(want.Kind)); test.kinds != "" && (got != test.kinds || want.told() != test.told || fmt.Sprint(want.FinishReasons) != test.reasons) ||
				failure != test.failure || want.Terminal != test.terminal {
				t.Errorf("%s, %s, reasons %v, failure %q, terminal %v", got, want.told(), want.FinishReasons, failure, want.Terminal)
			}
			for cut := range len(test.body) {
				if got := decodeAt(req, 200, frameStream(), test.body, cut); !reflect.DeepEqual(unstamped(got), unstamped(want)) {
					t.Fatalf("cut at %d: %+v, whole %+v", cut, got, want)
				}
				torn := decodeAt(req, 200, frameStream(), test.body[:cut])
				if len(torn.Kind) > len(want.Kind) || len(torn.Kind) == len(want.Kind) && len(want.Kind) > 1 && cut < len(test.body)-200 {
					t.Fatalf("ended at %d of %d: %d events of %d", cut, len(test.body), len(torn.Kind), len(want.Kind))
				}
			}
		})
	}
}

// TestFrameFaults damages a stream anywhere: what comes before the damage is
// read, what comes after it is given up and flagged.
func TestFrameFaults(t *testing.T) {
	body := converseSample(t)
	req := Request{API: apiBedrock, Stream: true, ChoiceCount: 1}
	whole := decodeAt(req, 200, frameStream(), body)
	for at := range body {
		damaged := bytes.Clone(body)
		damaged[at] ^= 0x55
		r := decodeAt(req, 200, frameStream(), damaged)
		if len(r.Kind) > len(whole.Kind) || r.Unread+r.TornBytes == 0 {
			t.Fatalf("damage at %d: %d events, %d unread, %d torn", at, len(r.Kind), r.Unread, r.TornBytes)
		}
	}
	d := NewDecoder(req, 200, frameStream())
	d.Feed([]byte{0, 0xff, 0xff, 0xff}, 0, 0) // a message of 16 MiB
	for range 20 {
		d.Feed(make([]byte, 1<<20), 1, 1)
	}
	if held := cap(d.reader.(*frameReader).message); held > 3*maxFrame {
		t.Errorf("%d bytes held", held)
	}
	d.Finish()
}

func TestAWSDocuments(t *testing.T) {
	usage := contentType("application/json")
	usage.Set("X-Amzn-Bedrock-Input-Token-Count", "11")
	usage.Set("X-Amzn-Bedrock-Output-Token-Count", "7")
	for _, test := range []struct {
		path, body    string
		header        http.Header
		told, reasons string
	}{
		{"/model/m/converse", `{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"end_turn","usage":{"inputTokens":5,"outputTokens":2},"metrics":{"latencyMs":9}}`, usage, "in 5 cached - out 2 reasoning -", "[end_turn]"},
		{"/model/m/invoke", `{"output":{"message":{}},"stopReason":"end_turn","usage":{"inputTokens":5,"outputTokens":2,"cacheReadInputTokenCount":3,"cacheWriteInputTokenCount":4}}`, usage, "in 12 cached 3 out 2 reasoning -", "[end_turn]"},
		{"/model/m/invoke", `{"generation":"a","prompt_token_count":4,"generation_token_count":1,"stop_reason":"stop"}`, usage, "in 4 cached - out 1 reasoning -", "[stop]"},
		{"/model/m/invoke", `{"outputs":[{"text":"a","stop_reason":"stop"}]}`, usage, "in 11 cached - out 7 reasoning -", "[stop]"},
		{"/model/m/invoke", `{"inputTextTokenCount":3,"results":[{"tokenCount":8,"outputText":"a","completionReason":"FINISH"}]}`, usage, "in 3 cached - out 8 reasoning -", "[FINISH]"},
		{"/model/m/invoke", `{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn","usage":{"input_tokens":2,"output_tokens":1}}`, usage, "in 2 cached - out 1 reasoning -", "[end_turn]"},
		{"/endpoints/e/invocations", `{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1}}`, contentType("application/json"), "in 2 cached - out 1 reasoning -", "[stop]"},
		{"/endpoints/e/invocations", `[{"generated_text":"a"}]`, contentType("application/json"), "in - cached - out - reasoning -", "[]"},
		{"/v1/embeddings", `{"object":"list","data":[{"embedding":[0.1,0.2]}],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}`, contentType("application/json"), "in 8 cached - out - reasoning -", "[]"},
		{"/api/embed", `{"model":"e","embeddings":[[0.1]],"prompt_eval_count":6}`, contentType("application/json"), "in 6 cached - out - reasoning -", "[]"},
	} {
		r := decodeAt(ParseRequest(http.MethodPost, test.path, nil), 200, test.header, []byte(test.body))
		if r.told() != test.told || fmt.Sprint(r.FinishReasons) != test.reasons || !r.Terminal || r.Opaque || len(r.Kind) > 0 {
			t.Errorf("%s %s: %s, reasons %v, terminal %v, opaque %v", test.path, test.body, r.told(), r.FinishReasons, r.Terminal, r.Opaque)
		}
	}
}

func TestAWSRequests(t *testing.T) {
	for _, test := range []struct{ path, body, want string }{
		{"/model/us.anthropic.claude%3A0/converse-stream", `{"inferenceConfig":{"maxTokens":9,"temperature":0.5,"topP":0.9},"toolConfig":{"tools":[{},{}]},"messages":[{"content":[{"image":{}},{"text":"t"}]}]}`,
			"bedrock us.anthropic.claude:0 true 9 2 1"},
		{"/model/arn:aws:bedrock:r:1:inference-profile/x/invoke", `{"max_gen_len":5,"messages":[{"content":[{"type":"image"}]}]}`, "bedrock arn:aws:bedrock:r:1:inference-profile/x false 5 0 1"},
		{"/endpoints/my-endpoint/invocations-response-stream", `{"inputs":"x","parameters":{"max_new_tokens":7},"stream":true}`, "sagemaker my-endpoint true 7 0 0"},
		{"/invocations", `{"model":"m","messages":[],"max_tokens":3,"stream":true}`, "sagemaker m true 3 0 0"},
		{"/chain/invoke", `{}`, "other  false 0 0 0"},
		{"/v1/embeddings", `{"model":"e","input":["a","b"],"stream":true}`, "embeddings e false 0 0 0"},
	} {
		r := ParseRequest(http.MethodPost, test.path, []byte(test.body))
		tokens := int64(0)
		if r.MaxTokens != nil {
			tokens = *r.MaxTokens
		}
		if got := fmt.Sprint(r.API, " ", r.Model, " ", r.Stream, " ", tokens, " ", r.ToolCount, " ", r.ImageCount); got != test.want {
			t.Errorf("%s: %s, want %s", test.path, got, test.want)
		}
	}
}
