package exchange

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"metron/schema"
)

func keeping(k Keep, body string, secrets ...string) *Exchange {
	return Begin(&schema.Record{RecordID: uuid.New(), StartTime: 1000, Phase: schema.PhaseMeasure},
		Request{Method: http.MethodPost, Path: "/v1/chat/completions", Body: []byte(body), Secrets: secrets, Keep: k})
}

// TestContent: both bodies and the sizes of the chunks are kept, the answer's
// without its coding.
func TestContent(t *testing.T) {
	plain := token + token + done
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte(plain))
	z.Close()
	for _, c := range []struct {
		name, coding string
		answer       []byte
	}{{"plain", "", []byte(plain)}, {"gzip", "gzip", zipped.Bytes()}} {
		t.Run(c.name, func(t *testing.T) {
			x := keeping(Keep{Privacy: schema.RecordedContent, MaxBody: 1000, Headers: `{"A":["b"]}`}, chatBody)
			header := sse()
			if c.coding != "" {
				header.Set("Content-Encoding", c.coding)
			}
			x.Head(200, header, 1100)
			for i, b := range c.answer {
				x.Body([]byte{b}, 2000+int64(i), int32(i))
			}
			r := x.End(Ending{AtUS: 9000})
			if string(r.RequestBody) != chatBody || string(r.ResponseBody) != plain || r.RequestHeaders == "" || r.Recorded != schema.RecordedContent {
				t.Errorf("kept %q, %q, %q as %s", r.RequestBody, r.ResponseBody, r.RequestHeaders, r.Recorded)
			}
			if !slices.Equal(r.ChunkBytes, []int32{int32(len(token)), int32(len(token)), int32(len(done))}) {
				t.Errorf("chunk_bytes %v", r.ChunkBytes)
			}
			if err := r.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestContentDegrades, whichever body is too long, at any size around the cap.
func TestContentDegrades(t *testing.T) {
	for _, c := range []struct {
		name     string
		max      int
		coding   string
		recorded string
	}{
		{"both fit", 200, "", schema.RecordedContent},
		{"the answer fits exactly", len(token + done), "", schema.RecordedContent},
		{"the answer is a byte too long", len(token+done) - 1, "", schema.RecordedLengths},
		{"the request is too long", len(chatBody) - 1, "", schema.RecordedLengths},
		{"an unknown coding", 200, "zip", schema.RecordedLengths},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := keeping(Keep{Privacy: schema.RecordedContent, MaxBody: int64(c.max)}, chatBody)
			header := sse()
			if c.coding != "" {
				header.Set("Content-Encoding", c.coding)
			}
			x.Head(200, header, 1100)
			x.Body([]byte(token), 2000, 0)
			x.Body([]byte(done), 2000, 1)
			r := x.End(Ending{AtUS: 9000})
			if content := r.Recorded == schema.RecordedContent; r.Recorded != c.recorded || (r.RequestBody != nil) != content || (r.ResponseBody != nil) != content || (r.ChunkBytes != nil) != content {
				t.Errorf("%s, want %s, with %d and %d bytes", r.Recorded, c.recorded, len(r.RequestBody), len(r.ResponseBody))
			}
		})
	}
}

// TestMessages: how much of a server's words each mode keeps.
func TestMessages(t *testing.T) {
	const message = "the word plan is not allowed"
	const said = `{"error":{"message":"` + message + `","type":"bad_word"}}`
	for _, c := range []struct {
		privacy string
		status  int
		want    string
	}{
		{"", 400, message},
		{schema.RecordedContent, 400, message},
		{schema.RecordedContent, 200, message},
		{schema.RecordedHash, 400, ""},
		{schema.RecordedHash, 200, ""},
		{schema.RecordedLengths, 400, ""},
	} {
		x := keeping(Keep{Privacy: c.privacy, MaxBody: 1 << 20}, chatBody)
		if c.status == 200 {
			x.Head(200, sse(), 1100)
			x.Body([]byte("data: "+said+"\n\n"), 2000, 0)
		} else {
			x.Head(c.status, http.Header{"Content-Type": {"application/json"}}, 1100)
			x.Body([]byte(said), 2000, 0)
		}
		if r := x.End(Ending{AtUS: 9000}); r.ErrorMessage != c.want || r.ErrorType != "bad_word" {
			t.Errorf("%s, %d: %q (%s), want %q", c.privacy, c.status, r.ErrorMessage, r.ErrorType, c.want)
		}
	}
}

// TestHeldBoundsWhatIsHeld: what an exchange says it holds covers what it keeps.
func TestHeldBoundsWhatIsHeld(t *testing.T) {
	x := keeping(Keep{Privacy: schema.RecordedContent, MaxBody: 1 << 20}, chatBody)
	x.Head(200, sse(), 1100)
	for range 1000 {
		x.Body([]byte(token), 2000, 0)
	}
	if held, least := x.Held(), int64(1000*(len(token)+40)); held < least {
		t.Errorf("%d bytes held, want %d or more", held, least)
	}
	with := x.Held()
	if x.Degrade(); x.Held() > with-int64(1000*len(token)) {
		t.Errorf("%d bytes held without content, %d with it", x.Held(), with)
	}
	if x.Discard(); x.Held() > int64(len(chatBody)) {
		t.Errorf("%d bytes held by what was given up", x.Held())
	}
}

// TestCredentialsInEverySpelling.
func TestCredentialsInEverySpelling(t *testing.T) {
	const secret = `a/b+c="d&e<f` + "é\n"
	x := keeping(Keep{Privacy: schema.RecordedContent, MaxBody: 1 << 20}, chatBody, secret)
	x.Head(400, http.Header{"Content-Type": {"application/json"}}, 1)
	for _, s := range spellings([]string{secret}) {
		x.Body([]byte(s+" | "), 1, 0)
	}
	r := x.End(Ending{})
	for _, s := range spellings([]string{secret}) {
		if strings.Contains(string(r.ResponseBody), s) || strings.Contains(r.ErrorMessage, s) {
			t.Errorf("%q stays in %q, %q", s, r.ResponseBody, r.ErrorMessage)
		}
	}
}

// TestCredentialsAsOthersEscapeThem, in a request's JSON and in what quotes it.
func TestCredentialsAsOthersEscapeThem(t *testing.T) {
	for writer, spelled := range map[string]string{
		"none":              `aB1+/x<>&'=="é`,
		"encoding/json":     `aB1+/x\u003c\u003e\u0026'==\"é`,
		"Gson":              `aB1+/x\u003c\u003e\u0026\u0027\u003d\u003d\"é`,
		"System.Text.Json":  `aB1\u002B/x\u003C\u003E\u0026\u0027==\u0022\u00E9`,
		"json.dumps":        `aB1+/x<>&'==\"\u00e9`,
		"json_encode":       `aB1+\/x<>&'==\"\u00e9`,
		"all that can be":   `aB1\u002b\u002fx\u003c\u003e\u0026\u0027\u003d\u003d\u0022\u00e9`,
		"in capital digits": `aB1\u002B\u002Fx\u003C\u003E\u0026\u0027\u003D\u003D\u0022\u00E9`,
	} {
		x := keeping(Keep{Privacy: schema.RecordedContent, MaxBody: 1 << 20}, `{"a":"`+spelled+`"}`, `aB1+/x<>&'=="é`)
		if got := string(x.End(Ending{}).RequestBody); got != `{"a":"`+cutMark+`"}` {
			t.Errorf("as %s writes it, it stays: %s", writer, got)
		}
	}
	if got := spellings([]string{"clé-secrète"}); !slices.Contains(got, `cl\u00e9-secr\u00e8te`) || !slices.Contains(got, `cl\u00E9-secr\u00E8te`) {
		t.Errorf("of no ASCII alone: %q", got)
	}
}

// TestCredentialsCutAmid: what may be a credential's beginning is taken for one where
// the text was cut, and for what it says where it was not.
func TestCredentialsCutAmid(t *testing.T) {
	const secret = "gpt-oss-20b-key"
	filled := func(n int, end string) string { return strings.Repeat("x", n-len(end)) + end }
	for _, c := range []struct{ name, message, kind, wantMessage, wantKind string }{
		{"whole", "no gpt-oss-20b", "gpt-oss", "no gpt-oss-20b", "gpt-oss"},
		{"both cut", filled(1024, "gpt-oss-20b") + "-key", filled(256, "gpt-o") + "ss-20b-key", filled(1024-11+len(cutMark), cutMark), filled(256-5+len(cutMark), cutMark)},
		{"cut before a rune", filled(1022, "gpt-oss-20b") + "…", filled(255, "gpt-o") + "é", filled(1022-11+len(cutMark), cutMark), filled(255-5+len(cutMark), cutMark)},
		{"cut after one was found", secret + filled(1024-len(secret), "gpt-oss-20b") + "-key", "a", cutMark + filled(1024-len(secret)-11+len(cutMark), cutMark), "a"},
	} {
		body := `{"model":"gpt-oss-20b","messages":["gpt-oss-20b"],"x":"gpt-oss-20b"}`
		x := keeping(Keep{Privacy: schema.RecordedContent, MaxBody: 1 << 20}, body, secret)
		x.Head(400, http.Header{"Content-Type": {"application/json"}}, 1)
		x.Body([]byte(`{"error":{"message":"`+c.message+`","type":"`+c.kind+`"}}`), 1, 0)
		r := x.End(Ending{})
		if r.ErrorMessage != c.wantMessage || r.ErrorType != c.wantKind {
			t.Errorf("%s: %q, %q", c.name, r.ErrorMessage, r.ErrorType)
		}
		if r.RequestModel != "gpt-oss-20b" || string(r.RequestBody) != body {
			t.Errorf("%s: of the request stays %q, %s", c.name, r.RequestModel, r.RequestBody)
		}
	}
	for _, c := range []struct {
		name   string
		ending Ending
		want   string
	}{
		{"whole", Ending{}, "no gpt-oss-20b"},
		{"broken off", Ending{Err: io.ErrUnexpectedEOF}, "no " + cutMark},
		{"left", Ending{ByClient: true}, "no " + cutMark},
		{"over its time", Ending{Timeout: true}, "no " + cutMark},
	} {
		x := keeping(Keep{Privacy: schema.RecordedContent, MaxBody: 1 << 20}, chatBody, secret)
		x.Head(400, http.Header{"Content-Type": {"text/plain"}}, 1)
		x.Body([]byte("no gpt-oss-20b"), 1, 0)
		if r := x.End(c.ending); r.ErrorMessage != c.want || string(r.ResponseBody) != c.want {
			t.Errorf("an answer %s: %q, %q", c.name, r.ErrorMessage, r.ResponseBody)
		}
	}
	x := keeping(Keep{Privacy: schema.RecordedContent, MaxBody: 1 << 20}, chatBody, secret)
	x.Head(200, http.Header{"Content-Type": {"text/event-stream"}, "Server-Timing": {filled(1024, "gpt-oss-20b") + "-key"}}, 1)
	if r := x.End(Ending{}); strings.Contains(r.ServerMetrics, "gpt-oss") || !strings.HasSuffix(r.ServerMetrics, cutMark+`"}`) {
		t.Errorf("of Server-Timing stays %q", r.ServerMetrics[len(r.ServerMetrics)-40:])
	}
}

// BenchmarkSpellings is what each recorded request costs for its credentials.
func BenchmarkSpellings(b *testing.B) {
	const signature = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"
	for name, secrets := range map[string][]string{"bearer": {"Bearer sk-0123456789abcdef", "sk-0123456789abcdef"}, "signed": {signature}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				spellings(secrets)
			}
		})
	}
}

// TestManyCredentials are cut out in one pass over a body.
func TestManyCredentials(t *testing.T) {
	var secrets []string
	body := `{"a":"`
	for i := range 1000 {
		secrets = append(secrets, fmt.Sprintf("secret-%d-of-many", i))
		body += secrets[i] + ","
	}
	x := keeping(Keep{Privacy: schema.RecordedContent, MaxBody: 1 << 20}, body+`"}`, secrets...)
	if got := string(x.End(Ending{}).RequestBody); got != `{"a":"`+strings.Repeat(cutMark+",", 1000)+`"}` {
		t.Errorf("there stays %s", got[:200])
	}
}
