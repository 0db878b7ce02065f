package forms

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"metron/internal/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="

// everything is a conversation with all that one can have.
func everything() *Conversation {
	return &Conversation{
		Model: "some-model", Stream: true,
		Messages: []Message{
			{Role: System, Parts: []Part{{Text: "Be brief."}}},
			{Role: User, Parts: []Part{{Text: "What is <this>, and the weather in Łódź?"}, {Image: &Image{Type: "image/png", Base64: pixel}}}},
			{Role: Assistant, Parts: []Part{{Text: "Let me see."}}, Calls: []Call{{"call_1", "weather", json.RawMessage(`{"city":"Łódź"}`)}}},
			{Role: Result, CallID: "call_1", Tool: "weather", Parts: []Part{{Text: "rain"}}},
			{Role: User, Parts: []Part{{Text: "So?"}}},
		},
		Tools:  []Tool{{"weather", "of a city", json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}}}`)}},
		Choice: Choice{Mode: "any"},
		Options: Options{MaxTokens: "7", Temperature: "0.5", TopP: "0.25", TopK: "40", Seed: "-3", Frequency: "0.125", Presence: "0.5",
			Choices: "2", Stop: []string{"\n", "END"}},
	}
}

// TestGolden builds a request in every form. The files are for reading beside each API's
// reference: nothing but wire, below, checks them.
func TestGolden(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			f, c := Form(name), everything()
			body, lost := Build(f, c)
			var text bytes.Buffer
			path := f.Path(c.Model, true)
			fmt.Fprintf(&text, "POST %s\nquery %q, without %v\n\n", f.Escape(path), f.Query(true), lost)
			if err := json.Indent(&text, body, "", "  "); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			text.WriteByte('\n')
			file := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || text.String() != string(want) {
				t.Errorf("%v\n%s", err, text.String())
			}
		})
	}
}

// TestWireReadsIt: what reads requests for captures reads in each body, and path,
// what was asked for.
func TestWireReadsIt(t *testing.T) {
	for _, name := range Names() {
		for _, stream := range []bool{true, false} {
			f, c := Form(name), everything()
			c.Stream, c.Choice = stream, Choice{}
			body, lost := Build(f, c)
			got := wire.ParseRequest("POST", f.Path(c.Model, stream), body)
			kept := func(option string) bool { return !strings.Contains(","+strings.Join(lost, ",")+",", ","+option+",") }
			if got.API != f.API() || got.Stream != stream || f.NeedsModel() && got.Model != c.Model || !f.NeedsModel() && got.Model != "" {
				t.Errorf("%s is read as %+v", name, got)
			}
			if *got.MaxTokens != 7 || *got.Temperature != 0.5 || *got.TopP != 0.25 || kept("top_k") != (got.TopK != nil) || kept("seed") != (got.Seed != nil) {
				t.Errorf("%s: %s is read as %+v", name, body, got)
			}
			if kept("n") != (got.ChoiceCount == 2) || kept("images") != (got.ImageCount == 1) || kept("tools") != (got.ToolCount == 1) {
				t.Errorf("%s: %s is read as %+v, without %v", name, body, got, lost)
			}
			if of := Of(got.API, f.Path(c.Model, stream), body); of != f {
				t.Errorf("%s is of form %s", name, of)
			}
		}
	}
}

// TestParse reads what clients write and Build does not.
func TestParse(t *testing.T) {
	user := func(text string) []Message { return []Message{{Role: User, Parts: []Part{{Text: text}}}} }
	for _, c := range []struct {
		name, body string
		form       Form
		want       Conversation
		lost       string
	}{
		{"parts, a developer, fields of its own", `{"model":"m","messages":[{"role":"developer","content":"s","name":"x"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"input_audio","input_audio":{}}]}],"logit_bias":{},"user":null,"max_completion_tokens":5,"max_tokens":6}`,
			"openai.chat", Conversation{Model: "m", Options: Options{MaxTokens: "5"},
				Messages: []Message{{Role: System, Parts: []Part{{Text: "s"}}}, {Role: User, Parts: []Part{{Text: "a\nb"}}}}}, "logit_bias messages.content.type=input_audio messages.name"},
		{"tools of the server's own", `{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"custom","custom":{}},{"type":"function","function":{"name":"f","strict":true}}],"tool_choice":"auto"}`,
			"openai.chat", Conversation{Messages: user("a"), Tools: []Tool{{Name: "f"}}}, "tools.function.strict tools.type=custom"},
		{"a tool that the server has", `{"messages":[{"role":"user","content":"a"}],"tool_choice":{"type":"file_search"}}`, "openai.chat", Conversation{Messages: user("a")}, "tool_choice"},
		{"some of the tools", `{"input":"a","tool_choice":{"type":"allowed_tools","mode":"auto","tools":[]}}`, "openai.responses", Conversation{Messages: user("a")}, "tool_choice"},
		{"a word of its own", `{"input":"a","tool_choice":"sometimes"}`, "openai.responses", Conversation{Messages: user("a")}, "tool_choice"},
		{"one that is named", `{"input":"a","tool_choice":{"type":"function","name":"f"}}`, "openai.responses", Conversation{Messages: user("a"), Choice: Choice{"one", "f"}}, ""},
		{"any tool", `{"messages":[{"role":"user","content":"a"}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}}`, "anthropic.messages", Conversation{Messages: user("a"), Choice: Choice{Mode: "any"}}, "tool_choice.disable_parallel_tool_use"},
		{"checked calls", `{"contents":[{"parts":[{"text":"a"}]}],"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}`, "gemini.generate", Conversation{Messages: user("a")}, "toolConfig.functionCallingConfig.mode"},
		{"any of some", `{"contents":[{"parts":[{"text":"a"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f","g"]}}}`, "gemini.generate", Conversation{Messages: user("a"), Choice: Choice{Mode: "any"}}, "toolConfig.functionCallingConfig.allowedFunctionNames"},
		{"one of some", `{"contents":[{"parts":[{"text":"a"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}}`, "gemini.generate", Conversation{Messages: user("a"), Choice: Choice{"one", "f"}}, ""},
		{"one prompt in a list", `{"model":"m","prompt":["a"],"echo":true}`, "openai.completions", Conversation{Model: "m", Messages: user("a")}, "echo"},
		{"system blocks, caches, thoughts", `{"model":"m","max_tokens":1,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}},{"type":"text","text":"t"}],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"x"},{"type":"text","text":"b"}]}]}`,
			"anthropic.messages", Conversation{Model: "m", Options: Options{MaxTokens: "1"}, Messages: []Message{{Role: System, Parts: []Part{{Text: "s\nt"}}},
				{Role: User, Parts: []Part{{Text: "a"}}}, {Role: Assistant, Parts: []Part{{Text: "b"}}}}}, "messages.content.type=thinking system.cache_control"},
		{"snake_case", `{"contents":[{"parts":[{"text":"a"}]}],"generation_config":{"max_output_tokens":3,"response_mime_type":"text/plain"},"system_instruction":{"parts":[{"text":"s"}]}}`,
			"gemini.generate", Conversation{Options: Options{MaxTokens: "3"}, Messages: []Message{{Role: System, Parts: []Part{{Text: "s"}}}, {Role: User, Parts: []Part{{Text: "a"}}}}}, "generationConfig.response_mime_type"},
		{"no limit, a stream that goes without saying", `{"model":"m","prompt":"a","options":{"num_predict":-1}}`, "ollama.generate", Conversation{Model: "m", Stream: true, Messages: user("a")}, ""},
		{"nothing drawn", `{"inputs":"a","parameters":{"do_sample":false,"top_n_tokens":1}}`, "tgi.generate", Conversation{Options: Options{Temperature: "0"}, Messages: user("a")}, "parameters.top_n_tokens"},
		{"items of an answer", `{"model":"m","input":[{"type":"message","id":"1","role":"user","content":[{"type":"input_text","text":"a"}]},{"type":"reasoning","summary":[]},{"type":"function_call","call_id":"c","name":"f","arguments":"{ }","status":"completed"},{"type":"function_call_output","call_id":"c","output":"r"}],"store":false}`,
			"openai.responses", Conversation{Model: "m", Messages: []Message{{Role: User, Parts: []Part{{Text: "a"}}}, {Role: Assistant, Calls: []Call{{"c", "f", json.RawMessage("{}")}}},
				{Role: Result, CallID: "c", Tool: "f", Parts: []Part{{Text: "r"}}}}}, "input.type=reasoning store"},
		{"a result that is JSON", `{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"c","content":[{"json":{ "a":1}}],"status":"success"}},{"text":"b"},{"cachePoint":{"type":"default"}}]}],"additionalModelRequestFields":{"top_k":5}}`,
			"bedrock", Conversation{Messages: []Message{{Role: Result, CallID: "c", Parts: []Part{{Text: `{"a":1}`}}}, {Role: User, Parts: []Part{{Text: "b"}}}}},
			"additionalModelRequestFields messages.content.cachePoint"},
	} {
		got, lost, err := Parse(c.form, "", []byte(c.body))
		if err != nil || !reflect.DeepEqual(got, &c.want) || strings.Join(lost, " ") != c.lost {
			t.Errorf("%s: %v, %q\n%+v\n%+v", c.name, err, lost, got, c.want)
		}
	}
	for _, c := range []struct{ body, want string }{
		{`{`, "the body is not JSON"},
		{`[]`, "the body is not an object"},
		{`{"model":1,"messages":[{"role":"user","content":"a"}]}`, "model is not a text"},
		{`{"messages":[7]}`, "messages is not an object"},
		{`{"messages":[{"role":"pirate"}]}`, `messages.role is "pirate"`},
		{`{"messages":[]}`, "it says nothing"},
		{`{"messages":[{"role":"user","content":7}]}`, "messages.content is neither a text nor parts"},
		{`{"messages":[{"role":"user","content":"a"}],"top_p":"a"}`, "top_p is not a number"},
	} {
		if _, _, err := Parse("openai.chat", "", []byte(c.body)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.body, err, c.want)
		}
	}
	for body, want := range map[string]string{`{"prompt":[1,2]}`: "prompt is token ids", `{"prompt":["a","b"]}`: "prompt is several prompts", `{}`: "there is no prompt"} {
		if _, _, err := Parse("openai.completions", "", []byte(body)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

// TestPlain: OpenAI's APIs are told nothing that vLLM added to them, and others all the
// same.
func TestPlain(t *testing.T) {
	all := "[ignore_eos min_tokens repetition_penalty stream_options.continuous_usage_stats top_k]"
	for form, want := range map[Form]string{"openai.chat": all, "openai.completions": all, "sagemaker": all, "tgi.generate": "[ignore_eos min_tokens]"} {
		c := &Conversation{Model: "m", Stream: true, Plain: true, Messages: []Message{{Role: User, Parts: []Part{{Text: "a"}}}},
			Options: Options{TopK: "4", MinTokens: "5", Repetition: "1.5", IgnoreEOS: new(true), EachUsage: true}}
		body, lost := Build(form, c)
		if fmt.Sprint(lost) != want || want == all && strings.Contains(string(body), "usage_stats") {
			t.Errorf("%s without %v: %s", form, lost, body)
		}
	}
}

// TestPrompt: APIs without messages get one text.
func TestPrompt(t *testing.T) {
	body, lost := Build("openai.completions", everything())
	var got struct{ Prompt string }
	want := "System: Be brief.\n\nUser: What is <this>, and the weather in Łódź?\n\nAssistant: Let me see.\n\nTool: rain\n\nUser: So?\n\nAssistant:"
	if err := json.Unmarshal(body, &got); err != nil || got.Prompt != want || fmt.Sprint(lost) != "[images messages.role messages.tool_calls tool_choice tools]" {
		t.Errorf("%v, %q, %v", err, got.Prompt, lost)
	}
}

// TestPaths: where a request goes, and where it goes with another model.
func TestPaths(t *testing.T) {
	for _, c := range []struct {
		form   Form
		path   string // "": the usual one
		model  string
		stream bool
		want   string
	}{
		{"openai.chat", "", "m", true, "/v1/chat/completions"},
		{"tgi.generate", "", "m", false, "/generate"},
		{"tgi.generate", "/x/generate", "", true, "/x/generate_stream"},
		{"tgi.generate", "/generate_stream", "", false, "/generate_stream"},
		{"gemini.generate", "", "gemini-2.5", true, "/v1beta/models/gemini-2.5:streamGenerateContent"},
		{"gemini.generate", "/v1/projects/p/locations/l/publishers/google/models/a:generateContent", "b", false, "/v1/projects/p/locations/l/publishers/google/models/b:generateContent"},
		{"bedrock", "", "arn:aws:bedrock:us-east-1:1:inference-profile/us.x-v1:0", true, "/model/arn:aws:bedrock:us-east-1:1:inference-profile%2Fus.x-v1:0/converse-stream"},
		{"bedrock.invoke", "", "anthropic.claude-v2:1", true, "/model/anthropic.claude-v2:1/invoke-with-response-stream"},
		{"bedrock.invoke", "/model/anthropic.a/invoke", "anthropic.b", false, "/model/anthropic.b/invoke"},
		{"bedrock", "/model/a/invoke", "", false, "/model/a/converse"},
		{"bedrock", "/model/a/invoke-with-response-stream", "b", true, "/model/b/converse-stream"},
		{"sagemaker", "", "my endpoint", true, "/endpoints/my%20endpoint/invocations-response-stream"},
		{"sagemaker", "/invocations", "b", true, "/invocations"},
		{"ollama.chat", "/api/chat", "b", true, "/api/chat"},
	} {
		got := c.form.Path(c.model, c.stream)
		if c.path != "" {
			got = c.form.Redirect(c.path, c.model, c.stream)
		}
		if got = c.form.Escape(got); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.form, c.path, got, c.want)
		}
	}
	if f := Of("bedrock", "/model/meta.llama3/invoke", nil); f != "bedrock" {
		t.Errorf("a prompt for Llama is of form %s", f)
	}
	if f := Of("embeddings", "/v1/embeddings", nil); f != "" {
		t.Errorf("embeddings are of form %s", f)
	}
}
