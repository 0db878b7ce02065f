package wire

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// plainLine is a line with its bytes copied out.
type plainLine struct {
	Data    string
	Bytes   int64
	TooLong bool
}

// readLines runs the reader over pieces; the last line is the one that nothing
// ended, if torn.
func readLines(limit int, pieces ...[]byte) (all []plainLine, torn bool) {
	r := lineReader{limit: limit}
	add := func(b block) { all = append(all, plainLine{string(b.data), b.bytes, b.tooLong}) }
	for _, piece := range pieces {
		p := bytes.Clone(piece)
		for len(p) > 0 {
			b, n, ok := r.next(p)
			if ok {
				add(b)
			}
			clear(p[:n])
			p = p[n:]
		}
	}
	b, torn := r.rest()
	if torn {
		add(b)
	}
	return all, torn
}

// referenceLines does the same in the plainest way: all lines first.
func referenceLines(limit int, body []byte) (all []plainLine, torn bool) {
	for line := range bytes.Lines(body) {
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		long := len(text) > limit
		if !long && len(bytes.Trim(text, " \t\r")) == 0 {
			continue
		}
		torn = !ended
		if long {
			text = nil
		}
		all = append(all, plainLine{string(text), int64(len(line)), long})
	}
	return all, torn
}

func TestLines(t *testing.T) {
	for _, test := range []struct {
		name, body string
		want       []plainLine
		torn       bool
	}{
		{name: "nothing"},
		{name: "LF", body: "{}\n[]\n", want: []plainLine{{"{}", 3, false}, {"[]", 3, false}}},
		{name: "CRLF", body: "{}\r\n[]\r\n", want: []plainLine{{"{}\r", 4, false}, {"[]\r", 4, false}}},
		{name: "a CR alone ends nothing", body: "{}\r[]\n", want: []plainLine{{"{}\r[]", 6, false}}},
		{name: "blank lines", body: "\n\r\n{}\n \t\n\n[]\n\r\n", want: []plainLine{{"{}", 3, false}, {"[]", 3, false}}},
		{name: "unterminated", body: "{}\n{\"a\":", torn: true, want: []plainLine{{"{}", 3, false}, {`{"a":`, 5, false}}},
		{name: "unterminated blank", body: "{}\n \r", want: []plainLine{{"{}", 3, false}}},
		{name: "UTF-8", body: "\"é\U0001F600\"\n", want: []plainLine{{"\"é\U0001F600\"", 9, false}}},
		{name: "at the limit", body: strings.Repeat("x", 16) + "\n", want: []plainLine{{strings.Repeat("x", 16), 17, false}}},
		{name: "over it", body: strings.Repeat("x", 17) + "\n{}\n", want: []plainLine{{"", 18, true}, {"{}", 3, false}}},
		{name: "over it at the end", body: "{}\n" + strings.Repeat("x", 40), torn: true, want: []plainLine{{"{}", 3, false}, {"", 40, true}}},
	} {
		for cut := range len(test.body) + 1 {
			got, torn := readLines(16, []byte(test.body[:cut]), []byte(test.body[cut:]))
			if !reflect.DeepEqual(got, test.want) || torn != test.torn {
				t.Fatalf("%s, cut at %d: %+v torn %v, want %+v torn %v", test.name, cut, got, torn, test.want, test.torn)
			}
		}
	}
}

// FuzzLines: any bytes, cut anywhere, give the lines of the plain reader.
func FuzzLines(f *testing.F) {
	f.Add([]byte("{}\r\n\n \r\n[1]\ntorn"), uint64(1))
	f.Add([]byte("0123456789012345678901234567890\n\n0123456789012345678901234"), uint64(2))
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) {
		const limit = 24
		want, wantTorn := referenceLines(limit, body)
		for _, pieces := range [][][]byte{{body}, cutAtRandom(body, seed)} {
			got, torn := readLines(limit, pieces...)
			if !reflect.DeepEqual(got, want) || torn != wantTorn {
				t.Fatalf("%q in %d pieces: %+v torn %v, want %+v torn %v", body, len(pieces), got, torn, want, wantTorn)
			}
		}
	})
}

func ndjson() http.Header { return contentType("application/x-ndjson") }

// TestLineMemory: a line of any length costs no more than the limit, and the
// lines after it are read.
func TestLineMemory(t *testing.T) {
	d := NewDecoder(ollamaRequest(apiOllamaGenerate), 200, ndjson())
	d.Feed([]byte(`{"response":"`), 0, 0)
	piece := bytes.Repeat([]byte("x"), 1<<20)
	for range 40 {
		d.Feed(piece, 1, 1)
		if held := cap(d.reader.(*lineReader).line); held > 4*maxLine {
			t.Fatalf("%d bytes held after %d", held, d.bodyBytes)
		}
	}
	d.Feed([]byte("\"}\n{\"done\":true}\n"), 2, 2)
	r := d.Finish()
	if got := fmt.Sprint(kindNames(r.Kind)); got != "[other done]" || r.Unread != 1 || !r.Terminal {
		t.Errorf("kinds %s, %d unread, terminal %v; want [other done], 1, true", got, r.Unread, r.Terminal)
	}
}

// TestLineFraming: which bodies are read as lines.
func TestLineFraming(t *testing.T) {
	const body = `{"message":{"content":"a"},"done":false}` + "\n" + `{"done":true,"done_reason":"stop"}` + "\n"
	const document = `{"message":{"content":"a"},"done":true,"done_reason":"stop"}`
	stream, whole := ollamaRequest(apiOllamaChat), ollamaRequest(apiOllamaChat)
	whole.Stream = false
	for _, test := range []struct {
		name     string
		req      Request
		status   int
		header   http.Header
		body     string
		kinds    string
		terminal bool
		failed   bool
	}{
		{"lines", stream, 200, ndjson(), body, "[content finish]", true, false},
		{"after blank lines", stream, 200, ndjson(), "\r\n\n" + body, "[content finish]", true, false},
		{"under another type", stream, 200, contentType("application/json"), body, "[content finish]", true, false},
		{"not asked for", whole, 200, ndjson(), body, "[content finish]", true, false},
		{"one line for a stream", stream, 200, ndjson(), document, "[content]", true, false},
		{"a document", whole, 200, contentType("application/json; charset=utf-8"), document, "[]", true, false},
		{"events instead", stream, 200, eventStream(), string(events(`{"message":{"content":"a"}}`, `{"done":true}`)), "[content done]", true, false},
		{"an error", stream, 404, contentType("application/json; charset=utf-8"), `{"error":"model 'm' not found"}`, "[]", true, true},
		{"an error that calls itself lines", stream, 500, ndjson(), `{"error":"m"}` + "\n", "[]", true, true},
		{"an error after status 200", stream, 200, ndjson(), `{"message":{"content":"a"}}` + "\n" + `{"error":"m"}` + "\n", "[content error]", false, true},
		{"an error first", stream, 200, contentType("application/json"), `{"error":"m"}`, "[error]", false, true},
		{"a web page", stream, 200, contentType("text/html"), "<html>", "[]", false, false},
		{"no dialect", Request{API: apiOther, ChoiceCount: 1}, 200, ndjson(), `{"status":"pulling"}` + "\n" + `{"status":"success"}` + "\n", "[other other]", false, false},
	} {
		for cut := range len(test.body) + 1 {
			r := decodeAt(test.req, test.status, test.header, []byte(test.body), cut)
			if kinds := fmt.Sprint(kindNames(r.Kind)); kinds != test.kinds || r.Terminal != test.terminal || r.Failed != test.failed {
				t.Fatalf("%s, cut at %d: %s %+v", test.name, cut, kinds, r)
			}
		}
	}
}

// TestLineStamps: a line has the stamp of the read that brought its end.
func TestLineStamps(t *testing.T) {
	d := NewDecoder(ollamaRequest(apiOllamaGenerate), 200, ndjson())
	for i, p := range []string{`{"resp`, "onse\":\"\xf0\x9f", "\x98\x80\"}\r", "\n\n", "{\"response\":\"b\"}\n{\"resp", `onse":"c"}`, ` `} {
		d.Feed([]byte(p), int64(10*i), int32(i))
	}
	r := d.Finish()
	if got, want := fmt.Sprint(kindNames(r.Kind), r.Time, r.Read, r.Bytes, r.TornBytes),
		"[content content content] [30 40 60] [3 4 6] [21 17 17] 0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// ollamaLines is a stream as Ollama sends it.
func ollamaLines(n int) (all [][]byte, size int) {
	for i := range n {
		line := fmt.Appendf(nil, `{"model":"some-model:8b-instruct-q4_K_M","created_at":"2026-11-23T20:09:02.982544494Z","message":{"role":"assistant","content":" word%d"},"done":false}`+"\n", i)
		all = append(all, line)
		size += len(line)
	}
	return all, size
}

// BenchmarkDecodeOllama decodes a stream of 1,000 lines, one a read.
func BenchmarkDecodeOllama(b *testing.B) {
	chunks, size := ollamaLines(benchEvents)
	header := ndjson()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		d := NewDecoder(ollamaRequest(apiOllamaChat), 200, header)
		for i, p := range chunks {
			d.Feed(p, int64(i), int32(i))
		}
		if r := d.Finish(); len(r.Kind) != benchEvents {
			b.Fatalf("%d events", len(r.Kind))
		}
	}
	b.ReportMetric(float64(b.N)*benchEvents/b.Elapsed().Seconds(), "events/s")
}

func TestLineAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has a sync.Pool lose what it is given")
	}
	chunks, _ := ollamaLines(benchEvents)
	got := testing.AllocsPerRun(10, func() {
		d := NewDecoder(ollamaRequest(apiOllamaChat), 200, ndjson())
		for i, p := range chunks {
			d.Feed(p[:50], int64(i), int32(i))
			d.Feed(p[50:], int64(i), int32(i))
		}
		d.Finish()
	})
	if got > 40 {
		t.Errorf("%.0f allocations for %d lines, want at most 40", got, benchEvents)
	}
}
