package exchange

import (
	"bytes"
	"compress/gzip"
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
	const secret = `a/b+c="d&e<f` + "é"
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
	long := strings.Repeat("s", 40)
	if got := cut("cut amid "+long[:20], []string{long}, 1); got != "cut amid "+cutMark {
		t.Errorf("a credential that was cut amid leaves %q", got)
	}
}
