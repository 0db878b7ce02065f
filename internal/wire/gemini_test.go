package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// geminiSamples are chunks in the forms that Google documents.
func geminiSamples() []string {
	return []string{
		`{"candidates":[{"content":{"parts":[{"text":"Think","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":8,"thoughtsTokenCount":3,"totalTokenCount":11},"modelVersion":"gemini-2.5-flash","responseId":"r1"}`,
		`{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"}}],"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":2,"thoughtsTokenCount":3,"cachedContentTokenCount":4},"modelVersion":"gemini-2.5-flash","responseId":"r1"}`,
		`{"candidates":[{"content":{"parts":[{"text":" \"wor]ld}\\"},{"text":"!"}],"role":"model"}}],"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":5,"thoughtsTokenCount":3}}`,
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"get","args":{"a":1}}}],"role":"model"}}],"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":9,"thoughtsTokenCount":3}}`,
		`{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":9,"thoughtsTokenCount":3,"totalTokenCount":20},"modelVersion":"gemini-2.5-flash"}`,
	}
}

// jsonArray writes objects as Google streams an array.
func jsonArray(objects ...string) []byte {
	return []byte("[" + strings.Join(objects, "\n,\r\n") + "\n]\n")
}

// TestGeminiStreams reads one answer in both forms.
func TestGeminiStreams(t *testing.T) {
	const path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
	req := ParseRequest(http.MethodPost, path+"?alt=sse", nil)
	if req.API != apiGemini || req.Model != "gemini-2.5-flash" || !req.Stream {
		t.Fatalf("%+v", req)
	}
	for _, test := range []struct {
		header http.Header
		body   []byte
	}{
		{eventStream(), events(geminiSamples()...)},
		{contentType("application/json; charset=UTF-8"), jsonArray(geminiSamples()...)},
	} {
		r := decodeAt(req, 200, test.header, test.body)
		if got := fmt.Sprint(kindNames(r.Kind)); got != "[reasoning content content tool finish]" || r.told() != "in 8 cached 4 out 12 reasoning 3" ||
			fmt.Sprint(r.FinishReasons) != "[STOP]" || !r.Terminal || r.Failed || r.ID != "r1" || r.Model != "gemini-2.5-flash" {
			t.Errorf("%s %+v %s", got, r, r.told())
		}
		if r.TokenSource != "usage" || fmt.Sprint(r.Tokens) != "[3 2 3 4 0]" {
			t.Errorf("tokens by %s: %v", r.TokenSource, r.Tokens)
		}
		for cut := range len(test.body) {
			if got := decodeAt(req, 200, test.header, test.body, cut); !reflect.DeepEqual(unstamped(got), unstamped(r)) {
				t.Fatalf("cut at %d: %+v, whole %+v", cut, got, r)
			}
			if torn := decodeAt(req, 200, test.header, test.body[:cut]); torn.Terminal && cut < len(test.body)-6 {
				t.Fatalf("ended at %d of %d, and is terminal", cut, len(test.body))
			}
		}
	}
}

func TestGeminiEnds(t *testing.T) {
	req := Request{API: apiGemini, Stream: true, ChoiceCount: 1}
	for _, test := range []struct {
		status               int
		body, kinds, failure string
		reasons              string
		terminal             bool
	}{
		{200, `[{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}}]`, "[finish]", "", "[SAFETY]", true},
		{200, `[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]},{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}]`, "[content error]", "UNAVAILABLE: m", "[]", false},
		{429, `[{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}]`, "[]", "RESOURCE_EXHAUSTED: quota", "[]", false},
		{400, `{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}`, "[]", "INVALID_ARGUMENT: bad", "[]", true},
		{200, `[]`, "[]", "", "[]", false},
		{200, `[1,"}",{"candidates":[]}`, "[other]", "", "[]", false},
	} {
		r := decodeAt(req, test.status, contentType("application/json"), []byte(test.body))
		failure := ""
		if r.Failed {
			failure = r.ErrorType + ": " + r.ErrorMessage
		}
		if got := fmt.Sprint(kindNames(r.Kind)); got != test.kinds || failure != test.failure || fmt.Sprint(r.FinishReasons) != test.reasons || test.status == 200 && r.Terminal != test.terminal {
			t.Errorf("%d %s: %s, failure %q, reasons %v, terminal %v", test.status, test.body, got, failure, r.FinishReasons, r.Terminal)
		}
	}
}

// TestGeminiThoughts: a thought that was not streamed is in no event, though the usage
// beside the first text has it.
func TestGeminiThoughts(t *testing.T) {
	part := func(part, usage string) string {
		return `{"candidates":[{"content":{"parts":[` + part + `],"role":"model"}}],"usageMetadata":{"promptTokenCount":8` + usage + `}}`
	}
	const hello, world, thought = `{"text":"Hello"}`, `{"text":" world"}`, `{"text":"so","thought":true}`
	for _, test := range []struct {
		name, tokens, told string
		events             []string
	}{
		{"none streamed", "[2 2]", "in 8 cached - out 876 reasoning 872", []string{
			part(hello, `,"candidatesTokenCount":2,"thoughtsTokenCount":872`), part(world, `,"candidatesTokenCount":4,"thoughtsTokenCount":872`)}},
		{"a summary of them streamed", "[60 12 2 2]", "in 8 cached - out 876 reasoning 872", []string{
			part(thought, `,"thoughtsTokenCount":60`), part(thought, `,"thoughtsTokenCount":72`),
			part(hello, `,"candidatesTokenCount":2,"thoughtsTokenCount":872`), part(world, `,"candidatesTokenCount":4,"thoughtsTokenCount":872`)}},
		{"both in an event", "[62 2]", "in 8 cached - out 64 reasoning 60", []string{
			part(thought+","+hello, `,"candidatesTokenCount":2,"thoughtsTokenCount":60`), part(world, `,"candidatesTokenCount":4,"thoughtsTokenCount":60`)}},
		{"nothing said beside a count", "[0 4]", "in 8 cached - out 76 reasoning 72", []string{
			part(`{"text":""}`, `,"candidatesTokenCount":1,"thoughtsTokenCount":72`), part(hello, `,"candidatesTokenCount":4,"thoughtsTokenCount":72`)}},
		{"a text whose count is not told", "[]", "in 8 cached - out 876 reasoning 872", []string{
			part(hello, `,"thoughtsTokenCount":872`), part(world, `,"candidatesTokenCount":4,"thoughtsTokenCount":872`)}},
		{"a thought whose count is not told", "[]", "in 8 cached - out 4 reasoning -", []string{
			part(thought, `,"candidatesTokenCount":2`), part(hello, `,"candidatesTokenCount":4`)}},
	} {
		r := decodeAt(Request{API: apiGemini, Stream: true, ChoiceCount: 1}, 200, eventStream(), events(test.events...))
		if got := fmt.Sprint(r.Tokens); got != test.tokens || r.told() != test.told || r.TokenSource != "usage" {
			t.Errorf("%s: tokens %s by %s, %s; want %s, %s", test.name, got, r.TokenSource, r.told(), test.tokens, test.told)
		}
	}
}

// TestReasonOnEveryEvent: where servers put a finish reason beside each text, it says
// no more that the body is over: the transport does. The last text has to have one.
func TestReasonOnEveryEvent(t *testing.T) {
	candidate := func(index int, text, reason string) string {
		if reason != "" {
			reason = `,"finishReason":"` + reason + `"`
		}
		return fmt.Sprintf(`{"content":{"parts":[{"text":%q}],"role":"model"},"index":%d%s}`, text, index, reason)
	}
	for _, test := range []struct {
		name        string
		choices     int64
		candidates  []string // of each event
		clean, torn bool     // is it complete, where the transport ended well and where it broke
		reasons     string
	}{
		{"on the last alone", 1, []string{candidate(0, "a", ""), candidate(0, "b", "STOP")}, true, true, "[STOP]"},
		{"after the last text", 1, []string{candidate(0, "a", ""), candidate(0, "", "STOP")}, true, true, "[STOP]"},
		{"on the only one", 1, []string{candidate(0, "a", "STOP")}, true, true, "[STOP]"},
		{"on each", 1, []string{candidate(0, "a", "STOP"), candidate(0, "b", "STOP"), candidate(0, "c", "MAX_TOKENS")}, true, false, "[MAX_TOKENS]"},
		{"on each, and after the last", 1, []string{candidate(0, "a", "STOP"), candidate(0, "b", "STOP"), candidate(0, "", "STOP")}, true, false, "[STOP]"},
		{"on some, not on the last", 1, []string{candidate(0, "a", "STOP"), candidate(0, "b", "")}, false, false, "[STOP]"},
		{"said again after the text", 1, []string{candidate(0, "a", "STOP"), candidate(0, "", "STOP"), candidate(0, "", "")}, true, true, "[STOP]"},
		{"two choices, each its own", 2, []string{candidate(0, "a", "STOP"), candidate(1, "b", ""), candidate(1, "c", "STOP")}, true, true, "[STOP STOP]"},
		{"two choices, one of them on each", 2, []string{candidate(0, "a", "STOP"), candidate(1, "b", "STOP"), candidate(1, "c", "STOP")}, true, false, "[STOP STOP]"},
		{"two choices in each event", 2, []string{candidate(0, "a", "STOP") + "," + candidate(1, "b", ""), candidate(0, "", "") + "," + candidate(1, "c", "STOP")}, true, true, "[STOP STOP]"},
	} {
		var bodies []string
		for _, c := range test.candidates {
			bodies = append(bodies, `{"candidates":[`+c+`]}`)
		}
		r := decodeAt(Request{API: apiGemini, Stream: true, ChoiceCount: test.choices}, 200, eventStream(), events(bodies...))
		if clean, torn := r.Complete(true), r.Complete(false); clean != test.clean || torn != test.torn || fmt.Sprint(r.FinishReasons) != test.reasons {
			t.Errorf("%s: complete %v after a clean end, %v after a broken one, reasons %v; want %v, %v, %s", test.name, clean, torn, r.FinishReasons, test.clean, test.torn, test.reasons)
		}
	}
	const text = `{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}`
	if r := decodeAt(chatRequest(1), 200, eventStream(), events(text, text, "[DONE]")); !r.Complete(false) {
		t.Error("[DONE] is doubted")
	}
}

func TestGeminiRequests(t *testing.T) {
	r := ParseRequest(http.MethodPost, "/v1/projects/p/locations/l/publishers/google/models/gemini-3:generateContent", []byte(
		`{"generationConfig":{"maxOutputTokens":9,"temperature":0.5,"topP":0.9,"topK":40,"seed":1,"candidateCount":2,"responseMimeType":"application/json","responseSchema":{}},
		"tools":[{"functionDeclarations":[{},{}]},{"googleSearch":{}}],
		"contents":[{"parts":[{"text":"t"},{"inlineData":{"mimeType":"image/png","data":""}},{"file_data":{"mime_type":"audio/wav"}},{"file_data":{"mime_type":"image/jpeg"}}]}]}`))
	want := `{"API":"gemini.generate","Model":"gemini-3","Stream":false,"ChoiceCount":2,"MaxTokens":9,"MinTokens":null,"TopK":40,"Seed":1,"IgnoreEOS":null,` +
		`"Temperature":0.5,"TopP":0.9,"ResponseFormat":"json_schema","ToolCount":3,"ImageCount":2,"User":"","Conversation":"","PreviousResponse":""}`
	if got := asJSON(r); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	if r := ParseRequest(http.MethodPost, "/v1/models/m:countTokens", nil); r.API != apiOther {
		t.Errorf("countTokens is %s", r.API)
	}
}

// FuzzArray: an array of any form is cut into the objects that encoding/json
// finds in it, whatever way its bytes come.
func FuzzArray(f *testing.F) {
	f.Add(jsonArray(geminiSamples()...), uint64(1))
	f.Add([]byte(`[{"a":[{}]},"{",[1],{"b":"\"}"}]`), uint64(2))
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) {
		read := func(pieces [][]byte) (all []string, bytes int64) {
			r := arrayReader{limit: 1 << 20}
			for _, p := range pieces {
				for len(p) > 0 {
					b, n, ok := r.next(p)
					if p = p[n:]; ok {
						all = append(all, string(b.data))
						bytes += b.bytes
					}
				}
			}
			return all, bytes
		}
		whole, total := read([][]byte{body})
		if total > int64(len(body)) {
			t.Fatalf("%q: %d bytes in events", body, total)
		}
		if cut, _ := read(cutAtRandom(body, seed)); !reflect.DeepEqual(cut, whole) {
			t.Fatalf("%q: %q in pieces, %q whole", body, cut, whole)
		}
		var values []json.RawMessage
		if json.Unmarshal(body, &values) != nil {
			return
		}
		var want []string
		for _, v := range values {
			if v[0] == '{' || v[0] == '[' {
				want = append(want, string(v))
			}
		}
		if !reflect.DeepEqual(whole, want) {
			t.Fatalf("%q: %q, want %q", body, whole, want)
		}
	})
}

// TestArrayMemory: an object of any length costs no more than the limit, and
// those after it are read.
func TestArrayMemory(t *testing.T) {
	d := NewDecoder(Request{API: apiGemini, Stream: true, ChoiceCount: 1}, 200, contentType("application/json"))
	d.Feed([]byte(`[{"x":"`), 0, 0)
	piece := bytes.Repeat([]byte("x"), 1<<20)
	for range 20 {
		d.Feed(piece, 1, 1)
		if held := cap(d.reader.(*arrayReader).object); held > 4*maxEvent {
			t.Fatalf("%d bytes held", held)
		}
	}
	d.Feed([]byte(`"},`+geminiSamples()[4]+"]"), 2, 2)
	if r := d.Finish(); fmt.Sprint(kindNames(r.Kind)) != "[other finish]" || r.Unread != 1 {
		t.Errorf("%v, %d unread", kindNames(r.Kind), r.Unread)
	}
}

// FuzzDialects: any body of any API, under any label, decodes to the same rows
// however it is cut, and the rows hold together.
func FuzzDialects(f *testing.F) {
	apis := []string{apiOther}
	for _, known := range dialects {
		apis = append(apis, known.api)
	}
	index := func(api string) uint8 {
		for i := range apis {
			if apis[i] == api {
				return uint8(i)
			}
		}
		f.Fatalf("%s is no API", api)
		return 0
	}
	types := []string{"text/event-stream", "application/json", "application/x-ndjson", framesType, ""}
	f.Add([]byte(strings.Join(ollamaSamples(), "\n")), index(apiOllamaChat), uint8(2), uint64(1))
	f.Add([]byte("\r\n"+strings.Join(ollamaSamples(), "\r\n\r\n")+"\r\n"), index(apiOllamaGenerate), uint8(2), uint64(2))
	f.Add(events(tgiSamples()...), index(apiTGI), uint8(0), uint64(3))
	f.Add([]byte(tgiSamples()[0]), index(apiTGI), uint8(1), uint64(4))
	f.Add(named(messageStart, `{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}`, messageStop), index(apiAnthropic), uint8(0), uint64(5))
	f.Add(named(`{"type":"response.output_text.delta","delta":"a"}`, responseDone), index(apiResponses), uint8(0), uint64(6))
	f.Add(jsonArray(geminiSamples()...), index(apiGemini), uint8(1), uint64(7))
	f.Add(converseSample(f), index(apiBedrock), uint8(3), uint64(8))
	f.Add(invokeSample(f), index(apiBedrock), uint8(3), uint64(9))
	f.Add(parts(f, events(delta(`"content":"a"`, ""), "[DONE]"), 7), index(apiSageMaker), uint8(3), uint64(10))
	f.Add([]byte(`{"data":[],"model":"m","usage":{"prompt_tokens":3}}`), index(apiEmbeddings), uint8(1), uint64(11))
	f.Fuzz(func(t *testing.T, body []byte, api, label uint8, seed uint64) {
		req := Request{API: apis[int(api)%len(apis)], Stream: label>>3&1 == 0, ChoiceCount: 1 + int64(label>>4&1)}
		header := contentType(types[int(label&7)%len(types)])
		status := []int{200, 500}[label>>5&1]
		whole := decodeAt(req, status, header, body)
		var cuts []int
		random := rand.New(rand.NewPCG(seed, 3))
		for at := 0; at < len(body); at += 1 + random.IntN(20) {
			cuts = append(cuts, at)
		}
		cut := decodeAt(req, status, header, body, cuts...)
		if !reflect.DeepEqual(unstamped(cut), unstamped(whole)) {
			t.Fatalf("%q cut at %v: %+v, whole %+v", body, cuts, cut, whole)
		}
		checkRow(t, req, cut, body)
	})
}
