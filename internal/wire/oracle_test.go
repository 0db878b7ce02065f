package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// said is what a chunk says, in a form to compare.
type said struct {
	Kinds              kindSet
	Choice             int64
	Choices            int
	Finish             []string
	TokenIDs, Logprobs int64
	Usage              usage
	ID, Model          string
	Failure            bool
	Timings, Metrics   bool
}

func saidByScanner(data []byte) (said, bool) {
	var e event
	e.reset()
	if !scanOpenAI(data, &e) {
		return said{}, false
	}
	s := said{
		Kinds: e.kinds, Choice: e.choice, Choices: e.choices,
		TokenIDs: e.counts[byTokenIDs], Logprobs: e.counts[byLogprobs], Usage: e.usage,
		ID: unquote(e.id), Model: unquote(e.model), Failure: e.failure != nil,
		Timings: e.timings != nil, Metrics: e.metrics != nil,
	}
	for _, f := range e.finish {
		s.Finish = append(s.Finish, fmt.Sprintf("%d:%s", f.choice, unquote(f.reason)))
	}
	return s, true
}

// saidByMaps reads the same rules off encoding/json's maps.
func saidByMaps(data []byte) (said, bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var root any
	if !json.Valid(data) || dec.Decode(&root) != nil {
		return said{}, false
	}
	top, ok := root.(map[string]any)
	if !ok {
		return said{}, false
	}
	s := said{TokenIDs: -1, Logprobs: -1, Usage: noUsage()}
	s.ID, s.Model = str(top["id"]), str(top["model"])
	choices, _ := top["choices"].([]any)
	for _, c := range choices {
		if c, ok := c.(map[string]any); ok {
			s.choice(c)
		}
	}
	if u, ok := top["usage"].(map[string]any); ok {
		s.Kinds |= 1 << Usage
		input, _ := u["prompt_tokens_details"].(map[string]any)
		output, _ := u["completion_tokens_details"].(map[string]any)
		s.Usage = usage{told(u["prompt_tokens"]), told(input["cached_tokens"]), told(u["completion_tokens"]), told(output["reasoning_tokens"])}
		if n := told(u["reasoning_tokens"]); n > 0 && s.Usage.reasoning < 0 {
			s.Usage.reasoning = n
		}
	}
	_, isObject := top["error"].(map[string]any)
	s.Failure = isObject || str(top["error"]) != "" || str(top["object"]) == "error"
	if s.Failure {
		s.Kinds |= 1 << Error
	}
	_, s.Timings = top["timings"].(map[string]any)
	_, s.Metrics = top["metrics"].(map[string]any)
	return s, true
}

func (s *said) choice(c map[string]any) {
	var kinds kindSet
	if str(c["text"]) != "" {
		kinds |= 1 << Content
	}
	for _, name := range []string{"delta", "message"} {
		m, _ := c[name].(map[string]any)
		for field, kind := range map[string]Kind{"content": Content, "reasoning": Reasoning, "reasoning_content": Reasoning, "refusal": Refusal} {
			if parts, _ := m[field].([]any); str(m[field]) != "" || len(parts) > 0 {
				kinds |= 1 << kind
			}
		}
		if str(m["role"]) != "" {
			kinds |= 1 << Role
		}
		functions := []any{m["function_call"]}
		calls, _ := m["tool_calls"].([]any)
		for _, call := range calls {
			call, _ := call.(map[string]any)
			functions = append(functions, call["function"], call["custom"])
		}
		for _, f := range functions {
			if f, _ := f.(map[string]any); str(f["name"])+str(f["arguments"])+str(f["input"]) != "" {
				kinds |= 1 << Tool
			}
		}
	}
	if ids, ok := c["token_ids"].([]any); ok {
		s.TokenIDs = max(0, s.TokenIDs) + int64(len(ids))
		if len(ids) > 0 && kinds&(1<<Content|1<<Reasoning|1<<Tool|1<<Refusal) == 0 {
			kinds |= 1 << Content
		}
	}
	logprobs, _ := c["logprobs"].(map[string]any)
	content, inContent := logprobs["content"].([]any)
	refusal, inRefusal := logprobs["refusal"].([]any)
	tokens, inTokens := logprobs["tokens"].([]any)
	switch {
	case inContent && inRefusal:
		s.Logprobs = max(0, s.Logprobs) + int64(len(content)+len(refusal))
	case inContent || inRefusal || inTokens:
		s.Logprobs = max(0, s.Logprobs) + int64(max(len(content), len(refusal), len(tokens)))
	}
	index, _ := whole(c["index"])
	if reason := str(c["finish_reason"]); reason != "" {
		kinds |= 1 << Finish
		s.Finish = append(s.Finish, fmt.Sprintf("%d:%s", index, reason))
	}
	if s.Choices == 0 {
		s.Choice = index
	}
	s.Choices++
	s.Kinds |= kinds
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func whole(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	return wholeNumber(n.String())
}

func told(v any) int64 {
	if n, ok := whole(v); ok && n >= 0 && n <= maxCount {
		return n
	}
	return -1
}

func checkChunk(t interface {
	Helper()
	Fatalf(string, ...any)
}, data []byte) {
	t.Helper()
	got, ok := saidByScanner(data)
	want, wantOK := saidByMaps(data)
	if ok != wantOK || ok && !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\nscanner: %v %+v\nmaps:    %v %+v", data, ok, got, wantOK, want)
	}
}

// chunks are written by hand: one for each rule, and some that break them.
func chunks() []string {
	return []string{
		`{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"id":"c-1","model":"m"}`,
		`{"choices":[{"index":1,"delta":{"content":"\u0041"},"token_ids":[5,6],"logprobs":{"content":[{"token":"A","logprob":-1}]}}]}`,
		`{"choices":[{"delta":{"reasoning":"r"}},{"index":2,"delta":{"refusal":"no"},"finish_reason":"stop"}]}`,
		`{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":""}}]}}]}`,
		`{"choices":[{"text":"t","index":0,"logprobs":{"tokens":["t"]},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`,
		`{"choices":[],"usage":{"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":0}}}`,
		`{"usage":{"completion_tokens":9,"completion_tokens_details":null,"reasoning_tokens":4}}`, `{"usage":{"reasoning_tokens":0}}`,
		`{"usage":{"reasoning_tokens":4,"completion_tokens_details":{"reasoning_tokens":5}}}`,
		`{"error":{"message":"m","type":"t"}}`, `{"object":"error","message":"m"}`, `{"error":"e"}`, `{"error":null}`,
		`{"choices":[{"delta":{"content":"a"}}],"choices":[{"delta":{}}]}`, `{"cho\u0069ces":[{"text":"x"}]}`,
		`{"choices":[{"delta":{"content":[{"type":"text"}]}}],"timings":{"n":1},"metrics":[]}`, `{"choices":{"delta":{"content":"a"}}}`,
		`{"choices":[{"delta":{"content":"a"}}`, `[1]`, `"x"`, `null`, `{"usage":{"completion_tokens":1.5,"prompt_tokens":-1}}`,
	}
}

func TestChunks(t *testing.T) {
	for _, chunk := range chunks() {
		checkChunk(t, []byte(chunk))
	}
}

// TestChunksAtRandom builds chunks of the names that matter in any order,
// nesting and spelling, with values of any type.
func TestChunksAtRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			var b strings.Builder
			drawValue(t, &b, "choices", 6)
			checkChunk(t, []byte(`{"choices":`+b.String()+`,`+drawMembers(t, []string{"usage", "error", "id", "model", "object", "timings", "metrics", "choices"}, 4)+`}`))
		}
	})
}

// inside names what may stand inside an object of a name.
func inside(name string) []string {
	switch name {
	case "choices":
		return []string{"delta", "message", "text", "index", "finish_reason", "token_ids", "logprobs", "other"}
	case "delta", "message":
		return []string{"content", "role", "reasoning", "reasoning_content", "refusal", "tool_calls", "function_call"}
	case "tool_calls":
		return []string{"index", "id", "function", "custom"}
	case "function", "custom", "function_call":
		return []string{"name", "arguments", "input"}
	case "logprobs":
		return []string{"content", "refusal", "tokens"}
	case "usage":
		return []string{"prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details", "reasoning_tokens"}
	case "prompt_tokens_details", "completion_tokens_details":
		return []string{"cached_tokens", "reasoning_tokens"}
	}
	return []string{"a", "content"}
}

func drawMembers(t *rapid.T, names []string, depth int) string {
	var members []string
	for range rapid.IntRange(1, 4).Draw(t, "members") {
		name := rapid.SampledFrom(names).Draw(t, "name")
		spelled := `"` + name + `"`
		if rapid.IntRange(0, 9).Draw(t, "escape") == 0 {
			spelled = fmt.Sprintf(`"\u%04x%s"`, name[0], name[1:])
		}
		var b strings.Builder
		drawValue(t, &b, name, depth)
		members = append(members, drawSpace(t)+spelled+drawSpace(t)+":"+b.String())
	}
	return strings.Join(members, ",")
}

func drawValue(t *rapid.T, b *strings.Builder, name string, depth int) {
	b.WriteString(drawSpace(t))
	form := rapid.IntRange(0, 9).Draw(t, "form")
	isList := name == "choices" || name == "tool_calls" || name == "token_ids" || name == "tokens" || name == "content" && depth < 3
	switch {
	case depth > 0 && isList && form > 1:
		var items []string
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			items = append(items, "{"+drawMembers(t, inside(name), depth-1)+"}")
		}
		b.WriteString("[" + strings.Join(items, ",") + "]")
	case depth > 0 && len(inside(name)) > 2 && form > 1:
		b.WriteString("{" + drawMembers(t, inside(name), depth-1) + "}")
	default:
		b.WriteString(rapid.SampledFrom([]string{`""`, `"x"`, `"\n\"\u00e9"`, `"error"`, `"stop"`, "null", "true", "0", "1", "-3", "7.0", "1.5", "[]", "{}", "[null]"}).Draw(t, "scalar"))
	}
	b.WriteString(drawSpace(t))
}

func drawSpace(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "", " ", "\n\t"}).Draw(t, "space")
}
