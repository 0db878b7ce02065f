package wire

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// events puts each text into an event of its own.
func events(data ...string) []byte {
	var b strings.Builder
	for _, d := range data {
		b.WriteString("data: " + d + "\n\n")
	}
	return []byte(b.String())
}

// delta is a chat chunk of choice 0; after is what stands after its choices.
func delta(fields, after string) string {
	return `{"id":"c","choices":[{"index":0,"delta":{` + fields + `},"finish_reason":null}]` + after + `}`
}

func TestKinds(t *testing.T) {
	for _, test := range []struct {
		data string
		want Kind
	}{
		{delta(`"role":"assistant","content":null`, ""), Role},
		{delta(`"role":"assistant","content":""`, ""), Role},
		{delta(`"role":"assistant","content":"a"`, ""), Content},
		{delta(`"content":" "`, ""), Content},
		{delta(`"content":""`, ""), Other},
		{delta(``, ""), Other},
		{delta(`"reasoning":"a"`, ""), Reasoning},
		{delta(`"reasoning_content":"a","content":null`, ""), Reasoning},
		{delta(`"reasoning_content":"a","content":"b"`, ""), Content},
		{delta(`"reasoning_content":"","role":"assistant"`, ""), Role},
		{delta(`"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":""}}]`, ""), Tool},
		{delta(`"tool_calls":[{"index":0,"function":{"arguments":"{"}}]`, ""), Tool},
		{delta(`"tool_calls":[{"index":0,"function":{"arguments":""}}]`, ""), Other},
		{delta(`"tool_calls":[]`, ""), Other},
		{delta(`"function_call":{"name":"f"}`, ""), Tool},
		{delta(`"refusal":"I"`, ""), Refusal},
		{delta(`"refusal":null,"content":""`, `,"usage":{"completion_tokens":0}`), Usage},
		{delta(`"content":"a"`, `,"usage":{"completion_tokens":1}`), Content},
		{`{"choices":[],"usage":{"completion_tokens":3}}`, Usage},
		{`{"choices":[],"usage":null}`, Other},
		{`{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"completion_tokens":3}}`, Finish},
		{`{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}]}`, Role},
		{`{"choices":[{"index":0,"delta":{"content":""},"token_ids":[7]}]}`, Content},
		{`{"choices":[{"index":0,"delta":{"reasoning":"a"},"token_ids":[7]}]}`, Reasoning},
		{`{"choices":[{"index":0,"text":"a"}]}`, Content},
		{`{"choices":[{"index":0,"text":"","finish_reason":"length"}]}`, Finish},
		{`{"choices":[{"delta":{"role":"assistant"}},{"index":1,"delta":{"content":"a"}}]}`, Content},
		{`{"error":{"message":"m"}}`, Error},
		{`{"error":"m"}`, Error},
		{`{"error":null}`, Other},
		{`{"object":"error","message":"m"}`, Error},
		{`[DONE]`, Done},
		{`[DONE] `, Done},
		{`[DONE`, Other},
		{`hello`, Other},
		{``, Other},
		{`[1]`, Other},
		{delta(`"content":"a"`, "") + "}", Other},
	} {
		r := decodeAt(chatRequest(1), 200, eventStream(), events(test.data))
		if len(r.Kind) != 1 || r.Kind[0] != test.want {
			t.Errorf("%s: kinds %v, want %v", test.data, kindNames(r.Kind), kindNames([]int8{test.want}))
		}
	}
}

func TestTokens(t *testing.T) {
	usage := func(n int) string { return fmt.Sprintf(`,"usage":{"prompt_tokens":9,"completion_tokens":%d}`, n) }
	choice := func(index int, fields, after string) string {
		return fmt.Sprintf(`{"choices":[{"index":%d,%s}]%s}`, index, fields, after)
	}
	const text, empty = `"delta":{"content":"a"}`, `"delta":{"content":""}`
	for _, test := range []struct {
		name     string
		choices  int64
		data     []string
		want     []int32
		source   string
		output   int64 // 0: not told
		progress int64
	}{
		{"nothing known", 1, []string{choice(0, text, ""), choice(0, text, "")}, nil, "chunks", 0, 2},
		{"total only", 1, []string{choice(0, text, ""), choice(0, text, ""), `{"choices":[]` + usage(5) + `}`}, nil, "usage", 5, 2},
		{"token ids", 1, []string{
			choice(0, `"delta":{"role":"assistant","content":""}`, ""), choice(0, text+`,"token_ids":[1,2]`, ""), choice(0, empty+`,"token_ids":[3]`, ""),
		}, []int32{0, 2, 1}, "token_ids", 0, 3},
		{"token ids before usage", 1, []string{choice(0, text+`,"token_ids":[1,2]`, usage(3))}, []int32{2}, "token_ids", 3, 2},
		{"growing usage", 1, []string{
			choice(0, `"delta":{"role":"assistant"}`, usage(0)), choice(0, text, usage(1)), choice(0, text, usage(4)), choice(0, `"delta":{},"finish_reason":"stop"`, usage(5)),
			`{"choices":[]` + usage(5) + `}`,
		}, []int32{0, 1, 3, 0, 0}, "usage", 5, 4},
		{"held back text counts with the next", 1, []string{choice(0, text, usage(1)), choice(0, empty, usage(2)), choice(0, text, usage(3))},
			[]int32{1, 0, 2}, "usage", 3, 3},
		{"usage of each choice", 2, []string{
			choice(0, text, usage(1)), choice(1, text, usage(2)), choice(0, text, usage(3)), choice(1, text, usage(4)),
		}, []int32{1, 2, 2, 2}, "usage", 7, 7},
		{"usage that falls", 1, []string{choice(0, text, usage(3)), choice(0, text, usage(1)), choice(0, text, usage(4))},
			[]int32{3, 0, 1}, "usage", 4, 4},
		{"logprobs", 1, []string{choice(0, text+`,"logprobs":{"content":[{},{}]}`, ""), choice(0, text+`,"logprobs":{"content":[{}]}`, ""), `{"choices":[]` + usage(9) + `}`},
			[]int32{2, 1, 0}, "logprobs", 9, 3},
		{"logprobs of completions", 1, []string{choice(0, `"text":"ab","logprobs":{"tokens":["a","b"]}`, "")}, []int32{2}, "logprobs", 0, 2},
		{"one event without", 1, []string{choice(0, text+`,"logprobs":{"content":[{},{},{}]}`, ""), choice(0, text, "")}, nil, "chunks", 0, 2},
		{"empty logprobs know nothing", 1, []string{choice(0, text+`,"logprobs":{"content":[]}`, "")}, nil, "chunks", 0, 1},
		{"a surer source that breaks off", 1, []string{choice(0, text+`,"token_ids":[1]`, usage(2)), choice(0, text, usage(4))}, []int32{2, 2}, "usage", 4, 4},
		{"choices in one event", 2, []string{`{"choices":[{"index":1,"text":"a","token_ids":[1,2]},{"index":0,"text":"b","token_ids":[3]}]}`},
			[]int32{3}, "token_ids", 0, 3},
		{"a choice out of bounds", 1, []string{choice(maxChoices, text, usage(2))}, nil, "usage", 2, 1},
	} {
		d := NewDecoder(chatRequest(test.choices), 200, eventStream())
		d.Feed(events(test.data...), 1, 1)
		progress := d.Tokens()
		r := d.Finish()
		output := int64(0)
		if r.OutputTokens != nil {
			output = *r.OutputTokens
		}
		if !reflect.DeepEqual(r.Tokens, test.want) || r.TokenSource != test.source || output != test.output || progress != test.progress {
			t.Errorf("%s: %v from %s, %d told, progress %d; want %v from %s, %d, %d",
				test.name, r.Tokens, r.TokenSource, output, progress, test.want, test.source, test.output, test.progress)
		}
	}
}

// words counts what stands between spaces.
type words struct{ before bool }

func (w *words) Add(fragment string) (n int) {
	for _, r := range fragment {
		if r != ' ' && !w.before {
			n++
		}
		w.before = r != ' '
	}
	return n
}

// TestTokenizer counts texts, choice by choice; what the server tells is surer.
func TestTokenizer(t *testing.T) {
	decode := func(choices int64, datas ...string) Response {
		d := NewDecoder(chatRequest(choices), 200, eventStream())
		d.CountBy(func() Counter { return new(words) })
		d.Feed(events(datas...), 1, 1)
		return d.Finish()
	}
	chunk := func(choice int, delta, after string) string {
		return fmt.Sprintf(`{"choices":[{"index":%d,"delta":{%s}%s}]}`, choice, delta, after)
	}
	for _, test := range []struct {
		name, source, tokens string
		response             Response
	}{
		{"text", "tokenizer", "[0 2 0 2 0 0]", decode(1, chunk(0, `"role":"assistant"`, ""), chunk(0, `"content":"one tw"`, ""), chunk(0, `"content":"o"`, ""),
			chunk(0, `"content":" th\u0072ee \"four"`, ""), chunk(0, "", `,"finish_reason":"stop"`), "[DONE]")},
		{"two choices", "tokenizer", "[1 1 0 0]", decode(2, chunk(0, `"content":"a"`, ""), chunk(1, `"content":"b"`, ""), chunk(0, `"content":"c"`, ""), chunk(1, `"content":"d"`, ""))},
		{"reasoning and calls", "tokenizer", "[1 2]", decode(1, chunk(0, `"reasoning":"hm "`, ""), chunk(0, `"tool_calls":[{"function":{"name":"f ","arguments":"x"}}]`, ""))},
		{"token ids are surer", "token_ids", "[3]", decode(1, chunk(0, `"content":"a b"`, `,"token_ids":[1,2,3]`))},
		{"a text in parts is not known", "chunks", "[]", decode(1, chunk(0, `"content":"a"`, ""), chunk(0, `"content":[{"type":"text","text":"b"}]`, ""))},
	} {
		if r := test.response; r.TokenSource != test.source || fmt.Sprint(r.Tokens) != test.tokens {
			t.Errorf("%s: %s %v, want %s %s", test.name, r.TokenSource, r.Tokens, test.source, test.tokens)
		}
	}
}

func TestProgressNeverFalls(t *testing.T) {
	d := NewDecoder(chatRequest(1), 200, eventStream())
	d.Feed(events(`{"choices":[{"text":"abc","token_ids":[1,2,3]}]}`), 1, 1)
	before := d.Tokens()
	d.Feed(events(`{"choices":[{"text":"d"}]}`), 2, 2) // now the token ids are no source
	if after := d.Tokens(); before != 3 || after < before {
		t.Errorf("progress %d, then %d", before, after)
	}
}

func TestEnds(t *testing.T) {
	finish := func(index int) string {
		return fmt.Sprintf(`{"choices":[{"index":%d,"delta":{},"finish_reason":"stop"}]}`, index)
	}
	text := delta(`"content":"a"`, "")
	for _, test := range []struct {
		name     string
		choices  int64
		body     string
		kinds    string
		terminal bool
		failed   bool
		reasons  []string
		torn     int64
	}{
		{"done", 1, string(events(text, "[DONE]")), "[content done]", true, false, nil, 0},
		{"finish reason, never done", 1, string(events(text, finish(0))), "[content finish]", true, false, []string{"stop"}, 0},
		{"one of two choices", 2, string(events(finish(1))), "[finish]", false, false, []string{"", "stop"}, 0},
		{"the same choice twice", 2, string(events(finish(1), finish(1))), "[finish finish]", false, false, []string{"", "stop"}, 0},
		{"both choices", 2, string(events(finish(1), finish(0))), "[finish finish]", true, false, []string{"stop", "stop"}, 0},
		{"neither", 1, string(events(text)), "[content]", false, false, nil, 0},
		{"nothing at all", 1, "", "[]", false, false, nil, 0},
		{"error, then done", 1, string(events(text, `{"error":{"message":"m"}}`, "[DONE]")), "[content error done]", true, true, nil, 0},
		{"named error", 1, "event: error\ndata: {\"message\":\"m\"}\n\n", "[error]", false, true, nil, 0},
		{"named error of plain text", 1, "event: error\ndata: m\n\n", "[error]", false, true, nil, 0},
		{"error field", 1, "error: {\"code\":500,\"message\":\"m\"}\n\n", "[error]", false, true, nil, 0},
		{"unterminated done", 1, string(events(text)) + "data: [DONE]", "[content done]", true, false, nil, 0},
		{"unterminated chunk that is whole", 1, string(events(text)) + "data: " + text + "\n", "[content content]", false, false, nil, 0},
		{"chunk cut short", 1, string(events(text)) + "data: " + text[:20], "[content]", false, false, nil, 26},
		{"finish reason cut short does not count", 1, "data: " + finish(0)[:len(finish(0))-1], "[]", false, false, nil, int64(len(finish(0)) + 5)},
		{"comment cut short", 1, string(events(text)) + ": pi", "[content]", false, false, nil, 4},
		{"byte order mark and blank lines", 1, "\xef\xbb\xbf\r\n\n" + string(events("[DONE]")), "[done]", true, false, nil, 0},
	} {
		for cut := range len(test.body) + 1 {
			r := decodeAt(chatRequest(test.choices), 200, eventStream(), []byte(test.body), cut)
			message := ""
			if test.failed {
				message = "m"
			}
			if kinds := fmt.Sprint(kindNames(r.Kind)); kinds != test.kinds || r.Terminal != test.terminal || r.Failed != test.failed ||
				!reflect.DeepEqual(r.FinishReasons, test.reasons) || r.TornBytes != test.torn || r.ErrorMessage != message {
				t.Fatalf("%s, cut at %d: %s %+v; want %+v", test.name, cut, kinds, r, test)
			}
		}
	}
}

// TestStamps: an event has the stamp of the read that brought its last needed byte.
func TestStamps(t *testing.T) {
	d := NewDecoder(chatRequest(2), 200, eventStream())
	for i, p := range []string{
		"da", "ta: {\"choices\":[{\"index\":1,\"text\":\"a\"}]}\r\n", "\r", "\n: ping\n", "\n", "",
		"data: [DONE]\n\ndata: x\n\n", "data: [DONE]",
	} {
		d.Feed([]byte(p), int64(10*i), int32(i))
	}
	r := d.Finish()
	if got, want := fmt.Sprint(kindNames(r.Kind), r.Time, r.Read, r.Bytes, r.Choice),
		"[content ping done other done] [20 40 60 60 70] [2 4 6 6 7] [46 8 14 9 12] [1 0 0 0 0]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFraming(t *testing.T) {
	chunk := string(events(delta(`"content":"a"`, ""), "[DONE]"))
	document := `{"id":"c","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"completion_tokens":1}}`
	gzip := http.Header{"Content-Type": {"text/event-stream"}, "Content-Encoding": {"gzip"}}
	for _, test := range []struct {
		name     string
		api      string
		status   int
		header   http.Header
		body     string
		kinds    string
		terminal bool
		opaque   bool
		message  string
	}{
		{"stream", apiChat, 200, eventStream(), chunk, "[content done]", true, false, ""},
		{"parameters and case", apiChat, 200, contentType("Text/Event-Stream; charset=utf-8"), chunk, "[content done]", true, false, ""},
		{"no content type", apiChat, 200, http.Header{}, chunk, "[content done]", true, false, ""},
		{"a wrong one", apiChat, 200, contentType("application/json"), chunk, "[content done]", true, false, ""},
		{"a comment first", apiChat, 200, contentType("text/plain"), ": hi\n\n" + chunk, "[ping content done]", true, false, ""},
		{"an unknown field first", apiChat, 200, eventStream(), "x: y\n\n" + chunk, "[other content done]", true, false, ""},
		{"document", apiChat, 200, contentType("application/json"), document, "[]", true, false, ""},
		{"document after keep-alive lines", apiChat, 200, contentType("application/json"), "\n\n\n" + document, "[]", true, false, ""},
		{"document under a wrong type", apiChat, 200, eventStream(), document, "[]", true, false, ""},
		{"document with a mark", apiChat, 200, http.Header{}, "\xef\xbb\xbf" + document, "[]", true, false, ""},
		{"half a document", apiChat, 200, contentType("application/json"), document[:40], "[]", false, false, ""},
		{"two documents", apiChat, 200, contentType("application/json"), document + document, "[]", false, false, ""},
		{"a web page", apiChat, 200, contentType("text/html"), "<html>", "[]", false, false, ""},
		{"the start of a field name", apiChat, 200, http.Header{}, "dat", "[]", false, false, ""},
		{"empty", apiChat, 200, contentType("application/json"), "", "[]", false, false, ""},
		{"error document with 200", apiChat, 200, contentType("application/json"), `{"error":{"message":"m"}}`, "[]", true, false, "m"},
		{"error", apiChat, 500, contentType("text/html"), "it broke\n", "[]", false, false, "it broke"},
		{"plain error named a stream", apiChat, 500, eventStream(), "it broke\n", "[]", false, false, "it broke"},
		{"error stream", apiChat, 500, eventStream(), string(events(`{"error":{"message":"m"}}`)), "[error]", false, false, "m"},
		{"empty error", apiChat, 503, http.Header{}, "", "[]", false, false, ""},
		{"cut in the head of gzip", apiChat, 200, gzip, "\x1f\x8b\x08\x00data:", "[]", false, false, ""},
		{"not the gzip it says", apiChat, 200, gzip, "data: 0123456789\n\n", "[]", false, true, ""},
		{"a coding nobody knows", apiChat, 200, http.Header{"Content-Encoding": {"compress"}}, chunk, "[]", false, true, ""},
		{"identity", apiChat, 200, http.Header{"Content-Type": {"text/event-stream"}, "Content-Encoding": {"identity"}}, chunk, "[content done]", true, false, ""},
		{"other stream", apiOther, 200, eventStream(), ": hi\n\n" + chunk, "[ping other other]", false, true, ""},
		{"other document", apiOther, 200, contentType("application/json"), document, "[]", false, true, ""},
		{"other error", apiOther, 404, contentType("application/json"), `{"error":"m"}`, "[]", false, true, "m"},
	} {
		want := decodeAt(Request{API: test.api, ChoiceCount: 1}, test.status, test.header, []byte(test.body))
		failed := test.message != "" || test.status >= 400
		if kinds := fmt.Sprint(kindNames(want.Kind)); kinds != test.kinds || want.Terminal != test.terminal || want.Opaque != test.opaque ||
			want.ErrorMessage != test.message || want.Failed != failed || want.BodyBytes != int64(len(test.body)) {
			t.Errorf("%s: %s %+v", test.name, kinds, want)
		}
		for cut := range len(test.body) {
			if got := decodeAt(Request{API: test.api, ChoiceCount: 1}, test.status, test.header, []byte(test.body), cut); !reflect.DeepEqual(unstamped(got), unstamped(want)) {
				t.Errorf("%s cut at %d: %+v, whole %+v", test.name, cut, got, want)
			}
		}
	}
}

func TestComplete(t *testing.T) {
	for _, test := range []struct {
		r           Response
		clean, want bool
	}{
		{Response{Terminal: true}, true, true}, {Response{Terminal: true}, false, true},
		{Response{Terminal: true, Unsure: true}, true, true}, {Response{Terminal: true, Unsure: true}, false, false},
		{Response{Opaque: true}, true, true}, {Response{Opaque: true}, false, false},
		{Response{}, true, false}, {Response{}, false, false},
	} {
		if got := test.r.Complete(test.clean); got != test.want {
			t.Errorf("terminal %v, unsure %v, opaque %v, clean end %v: complete %v", test.r.Terminal, test.r.Unsure, test.r.Opaque, test.clean, got)
		}
	}
}

// TestBounds: what is over a bound is counted and no longer held.
func TestBounds(t *testing.T) {
	d := NewDecoder(chatRequest(1), 200, contentType("application/json"))
	d.Feed([]byte(`{"x":"`), 0, 0)
	for range maxDocument / (1 << 20) {
		d.Feed(make([]byte, 1<<20), 0, 0)
	}
	if r := d.Finish(); r.Unread != 1 || !r.Opaque || r.Terminal || len(d.doc) != maxDocument {
		t.Errorf("long document: %d unread, opaque %v, terminal %v, %d bytes held", r.Unread, r.Opaque, r.Terminal, len(d.doc))
	}
	d = NewDecoder(chatRequest(1), 200, eventStream())
	pings := []byte(strings.Repeat(":\n\n", 1<<10))
	for range maxEvents>>10 + 1 {
		d.Feed(pings, 0, 0)
	}
	d.Feed(events("[DONE]"), 1, 1)
	if r := d.Finish(); len(r.Kind) != maxEvents || r.Unread != 1<<10+1 || !r.Terminal {
		t.Errorf("many events: %d listed, %d unread, terminal %v", len(r.Kind), r.Unread, r.Terminal)
	}
}

func TestLinear(t *testing.T) {
	const size = 2 << 20
	for name, unit := range map[string]string{
		"CRs": "\r", "lines": "data:\n", "CR lines": "data:\r", "comments": ":\n\n", "one long line": "x",
		"names": "event: a\n", "nesting": "[", "escapes": `\u0041`,
	} {
		long := []byte("data: {\"choices\":[\"" + strings.Repeat(unit, size/len(unit)))
		for _, step := range []int{1, 4096, len(long)} {
			body := long
			if step == 1 {
				body = body[:size/16] // as many reads as bytes
			}
			start := time.Now()
			d := NewDecoder(chatRequest(1), 200, eventStream())
			for from := 0; from < len(body); from += step {
				d.Feed(body[from:min(from+step, len(body))], 0, 0)
			}
			d.Finish()
			// Quadratic would be hours; this is far above any slow machine's linear.
			if took := time.Since(start); took > time.Minute {
				t.Errorf("%s fed by %d: %v", name, step, took)
			}
		}
	}
}

// FuzzDecoder: any body under any label decodes to the same rows however it is cut,
// and the rows hold together.
func FuzzDecoder(f *testing.F) {
	f.Add(events(chunks()...), uint8(0), uint64(1))
	f.Add(append([]byte("\xef\xbb\xbf\n"), events(chunks()[0], "[DONE]")...), uint8(5), uint64(2))
	f.Add([]byte(chunks()[4]), uint8(2), uint64(3))
	f.Add([]byte("event: error\r\ndata: x\r\n\r\n: c\r\r\ndata: [DONE]"), uint8(9), uint64(4))
	f.Fuzz(func(t *testing.T, body []byte, label uint8, seed uint64) {
		req := Request{API: []string{apiChat, apiCompletions, apiOther}[label%3], ChoiceCount: int64(label>>2%4) + 1}
		status := []int{200, 500}[label>>4&1]
		header := contentType([]string{"text/event-stream", "application/json", "", "text/plain"}[label>>5&3])
		whole := decodeAt(req, status, header, body)
		var cuts []int
		random := rand.New(rand.NewPCG(seed, 2))
		for at := 0; at < len(body); at += random.IntN(20) {
			cuts = append(cuts, at)
			if len(cuts) > 4*len(body)+4 {
				break
			}
		}
		cut := decodeAt(req, status, header, body, cuts...)
		if !reflect.DeepEqual(unstamped(cut), unstamped(whole)) {
			t.Fatalf("%q cut at %v: %+v, whole %+v", body, cuts, cut, whole)
		}
		checkRow(t, req, cut, body)
	})
}

func checkRow(t *testing.T, req Request, r Response, body []byte) {
	t.Helper()
	n := len(r.Time)
	if len(r.Kind) != n || len(r.Read) != n || len(r.Bytes) != n ||
		r.Tokens != nil && len(r.Tokens) != n || r.Choice != nil && (len(r.Choice) != n || req.ChoiceCount == 1) {
		t.Fatalf("lists of different lengths: %+v", r)
	}
	sum, tokens := r.TornBytes, int64(0)
	for i := range n {
		sum += int64(r.Bytes[i])
		if r.Kind[i] < Content || r.Kind[i] > Other || r.Bytes[i] < 1 || i > 0 && r.Time[i] < r.Time[i-1] {
			t.Fatalf("entry %d of %+v", i, r)
		}
		if r.Tokens != nil {
			if r.Tokens[i] < 0 || r.Tokens[i] > 0 && !isContent(r.Kind[i]) {
				t.Fatalf("entry %d of %+v", i, r)
			}
			tokens += int64(r.Tokens[i])
		}
	}
	if sum > int64(len(body)) || r.BodyBytes != int64(len(body)) || r.Tokens != nil && tokens == 0 {
		t.Fatalf("%d bytes in events of %d, %d tokens: %+v", sum, len(body), tokens, r)
	}
	for _, s := range append([]string{r.ID, r.Model, r.ServerMetrics, r.ErrorType, r.ErrorMessage}, r.FinishReasons...) {
		if !utf8.ValidString(s) {
			t.Fatalf("text %q is not UTF-8", s)
		}
	}
	for _, v := range []*int64{r.InputTokens, r.CachedInputTokens, r.OutputTokens, r.ReasoningTokens} {
		if v != nil && *v < 0 {
			t.Fatalf("a count of %d: %+v", *v, r)
		}
	}
}

// TestEventLetsGo: an event that waits for its next use points into no body, and one that
// had to hold very many texts does not wait.
func TestEventLetsGo(t *testing.T) {
	for _, texts := range []int{3, 10 * eventRoom} {
		e := &event{id: []byte("id"), failure: []byte("failure")}
		for range texts {
			e.say([]byte("text"))
			e.finish = append(e.finish, finish{reason: []byte("stop")})
		}
		all, reasons := e.text, e.finish
		e.free()
		if waits := eventPool.Get().(*event); cap(waits.text) > eventRoom || cap(waits.finish) > eventRoom {
			t.Errorf("an event with room for %d texts waits", cap(waits.text))
		}
		if texts > eventRoom {
			continue // it is the collector's
		}
		if e.id != nil || e.failure != nil || slices.ContainsFunc(all, func(b []byte) bool { return b != nil }) ||
			slices.ContainsFunc(reasons, func(f finish) bool { return f.reason != nil }) {
			t.Errorf("of %d texts are left: %q, %v", texts, all, reasons)
		}
	}
}
