package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"metron/schema"
)

// everything is all that a folder says: the bytes of its files, and what readers
// make of them.
func everything(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(e.Name())
		b.Write(data)
		f, err := schema.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		meta, err := json.Marshal(f.Meta())
		if err != nil {
			t.Fatal(err)
		}
		b.Write(meta)
		for r, err := range f.Records() {
			if err != nil {
				t.Fatal(err)
			}
			v := reflect.ValueOf(r).Elem()
			for i := range v.NumField() {
				fmt.Fprintf(&b, "%s\n", v.Field(i).Interface()) // bodies as text, too
			}
		}
		f.Close()
	}
	return b.String()
}

// TestNoCredentialReachesDisk draws credentials, sends them in every place that
// has some, and has them echoed in every place that an answer has.
func TestNoCredentialReachesDisk(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func() string {
		const letters = `abcXYZ0189-_.~+/=`
		b := make([]byte, 8+random.IntN(50))
		for i := range b {
			b[i] = letters[random.IntN(len(letters))]
		}
		return strings.Trim(string(b), "=") + "Q7"
	}
	for _, mode := range schema.Words("recorded") {
		t.Run(mode, func(t *testing.T) {
			var said []string // in the last request, for the server to echo
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				echo, _ := json.Marshal(strings.Join(said, " "))
				if strings.HasSuffix(r.URL.Path, "/fails") || r.URL.Query().Get("fail") != "" {
					w.WriteHeader(http.StatusUnauthorized)
					fmt.Fprintf(w, `{"error":{"message":%s,"type":%s,"code":%s}}`, echo, echo, echo)
					return
				}
				w.Header().Set("Content-Type", "text/event-stream")
				w.Header().Set("Server-Timing", url.QueryEscape(said[0]))
				fmt.Fprintf(w, `data: {"id":%s,"model":%s,"choices":[{"index":0,"delta":{"content":%s},"finish_reason":%s}]}`+"\n\n", echo, echo, echo, echo)
				io.WriteString(w, "data: [DONE]\n\n")
			}), func(s *Server) { s.Privacy, s.KeepHeaders = mode, []string{"X-Note"} })
			var all []string
			for i := range 30 {
				secrets := make([]string, 10)
				for k := range secrets {
					secrets[k] = draw()
				}
				secrets[3] = strings.ReplaceAll(secrets[3], "/", "A") // ids of access keys have none
				all = append(all, secrets...)
				said = secrets
				query := url.Values{"key": {secrets[0]}, "X-Amz-Signature": {secrets[1]}, "x": {"1"}}
				if i%2 == 0 {
					query.Set("fail", "1")
				}
				body := fmt.Sprintf(`{"model":"m","stream":true,"messages":[{"role":"user","content":"echo %s"}]}`, secrets[2])
				req, err := http.NewRequest(http.MethodPost, s.URL()+"/v1/chat/completions?"+query.Encode(), strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				switch i % 4 {
				case 0:
					req.Header.Set("Authorization", "Bearer "+secrets[2])
				case 1:
					req.SetBasicAuth("someone", secrets[2])
				case 2:
					req.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=%s", secrets[3], secrets[2]))
				default:
					req.Header.Set("X-Api-Key", secrets[2])
				}
				if i%4 != 2 {
					req.Header.Set("X-Access-Token", secrets[3])
				}
				req.Header.Set("X-Goog-Api-Key", secrets[4])
				req.Header.Set("Api-Key", secrets[5])
				req.Header.Set("X-Amz-Security-Token", secrets[6])
				req.Header.Set("Cookie", "theme=dark; sid="+secrets[7])
				req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("me:"+secrets[8])))
				req.Header.Set("X-Custom-Secret", secrets[9])
				req.Header.Set("User-Agent", "agent "+secrets[4])
				req.Header.Set("X-Note", secrets[6])
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			rows, _, found := writtenOf(t, s, 30)
			if len(rows) != 30 || rows[0].Tenant == "" {
				t.Fatalf("%d rows, tenant %q", len(rows), rows[0].Tenant)
			}
			for i, secret := range all {
				for _, form := range []string{secret, url.QueryEscape(secret), strings.ReplaceAll(secret, "/", `\/`), base64.StdEncoding.EncodeToString([]byte("someone:" + secret))} {
					if strings.Contains(found, form) {
						at := strings.Index(found, form)
						t.Errorf("the folder has %q, which is secret %d of request %d: ...%q", form, i%10, i/10, found[max(0, at-150):at+len(form)])
					}
				}
			}
		})
	}
}

// TestNoPromptReachesDisk, nor an answer, unless they are asked for; not even by
// a server that quotes it.
func TestNoPromptReachesDisk(t *testing.T) {
	for _, mode := range schema.Words("recorded") {
		t.Run(mode, func(t *testing.T) {
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if bytes.Contains(body, []byte("sesame")) {
					w.WriteHeader(http.StatusBadRequest)
					quote, _ := json.Marshal(fmt.Sprintf("cannot take %q", body))
					fmt.Fprintf(w, `{"error":{"message":%s,"type":"bad_request"}}`, quote)
					return
				}
				io.WriteString(w, `{"choices":[{"message":{"content":"abracadabra"},"finish_reason":"stop"}]}`)
			}), func(s *Server) { s.Privacy = mode })
			for _, word := range []string{"xylophone", "sesame"} {
				resp := post(t, s, fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":%q}]}`, strings.Repeat("open "+word+" ", 100)))
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			eventually(t, "both are recorded", func() bool { return s.recorder.counts.tally().recorded == 2 })
			rows, metas := stop(t, s)
			found := everything(t, s.Dir)
			for _, word := range []string{"xylophone", "sesame", "abracadabra"} {
				if kept := strings.Contains(found, word); kept != (mode == schema.RecordedContent) {
					t.Errorf("under %s the folder has %q: %v", mode, word, kept)
				}
			}
			m := metas[0]
			if m.Privacy != mode || len(m.KeyID) != 16 || m.Kept == nil || m.Kept.Privacy != mode || (m.Kept.BlockSize == 256) != (mode != schema.RecordedLengths) {
				t.Errorf("footer %+v, manifest %+v", m, m.Kept)
			}
			for _, r := range rows {
				if r.Recorded != mode || (len(r.BlockHashes) > 0) != (mode != schema.RecordedLengths) || (r.RequestBody != nil) != (mode == schema.RecordedContent) {
					t.Errorf("row is %s with %d hashes, %d bytes", r.Recorded, len(r.BlockHashes), len(r.RequestBody))
				}
			}
			if mode == schema.RecordedContent && !strings.Contains(rows[0].RequestHeaders, `"Content-Type":["application/json"]`) {
				t.Errorf("headers %s", rows[0].RequestHeaders)
			}
		})
	}
}

// TestContentIsTheOwnersAlone, in the journal and in the sealed file.
func TestContentIsTheOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing there")
	}
	for mode, want := range map[string]os.FileMode{schema.RecordedContent: 0o600, schema.RecordedHash: 0o644} {
		s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }), func(s *Server) { s.Privacy = mode })
		post(t, s, chatRequest).Body.Close()
		eventually(t, "it is recorded", func() bool { return s.recorder.counts.tally().recorded == 1 })
		check := func() {
			entries, err := os.ReadDir(s.Dir)
			if err != nil || len(entries) != 1 {
				t.Fatalf("%v, %v", entries, err)
			}
			if info, err := entries[0].Info(); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v %v, want %v", entries[0].Name(), info.Mode(), err, want)
			}
		}
		check()
		stop(t, s)
		check()
	}
}

// TestHashesTellBeginnings: equal beginnings have equal hashes in one capture, and
// in no two.
func TestHashesTellBeginnings(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 40)
	longer, other := text+strings.Repeat("x", 64), "!"+text[1:]
	n := newNames()
	bytesOf := func(n names, s string) []int64 { return n.hashBlocks([]byte(s), 64) }
	tokensOf := func(n names, s string) []int64 {
		return n.hashTokens([]byte(s), 16, func(s string) (ids []int) {
			for _, c := range []byte(s) {
				ids = append(ids, int(c))
			}
			return ids
		})
	}
	for name, hash := range map[string]func(names, string) []int64{"bytes": bytesOf, "tokens": tokensOf} {
		a, b, c := hash(n, text), hash(n, longer), hash(n, other)
		if len(b) <= len(a) || !slices.Equal(a, b[:len(a)]) {
			t.Errorf("%s: %d hashes are not the first of %d", name, len(a), len(b))
		}
		seen := map[int64]bool{}
		for _, h := range slices.Concat(a, c, hash(newNames(), text)) {
			if seen[h] {
				t.Errorf("%s: a hash comes twice", name)
			}
			seen[h] = true
		}
		if short := hash(n, text[:15]); short != nil {
			t.Errorf("%s: a block that is not full has hashes %v", name, short)
		}
	}
	for size := 1; size < 70; size++ { // a last block that is not full has none
		if got := len(bytesOf(n, text[:64+size-1])); got != (64+size-1)/64 {
			t.Errorf("%d bytes have %d hashes", 64+size-1, got)
		}
	}
}

// TestTenants: the same key is the same tenant, however it is sent, and although
// AWS signs each request anew.
func TestTenants(t *testing.T) {
	aws := func(id, signature string) http.Header {
		return http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=" + id + "/20260101/r/bedrock/aws4_request, SignedHeaders=host, Signature=" + signature}}
	}
	tenant := func(h http.Header, query string) string {
		name, _ := (&requestHead{header: h, query: query}).credentials()
		return name
	}
	bearer := tenant(http.Header{"Authorization": {"Bearer sk-1"}}, "")
	for name, same := range map[string][2]string{
		"header and bearer": {bearer, tenant(http.Header{"X-Api-Key": {"sk-1"}}, "")},
		"query and bearer":  {bearer, tenant(nil, "key=sk-1")},
		"two signatures":    {tenant(aws("AKIAX", "1"), ""), tenant(aws("AKIAX", "2"), "")},
		"signed query":      {tenant(aws("AKIAX", "1"), ""), tenant(nil, "X-Amz-Credential=AKIAX%2F20260101%2Fr")},
		"nothing":           {"", tenant(http.Header{"Cookie": {"a=b"}}, "q=1")},
	} {
		if same[0] != same[1] {
			t.Errorf("%s: %q and %q", name, same[0], same[1])
		}
	}
	if bearer == "" || tenant(aws("AKIAX", "1"), "") == tenant(aws("AKIAY", "1"), "") {
		t.Error("two keys are one tenant")
	}
}

// writtenOf stops a capture once so many requests are recorded; found is all that it had
// written, to its journals and to the files that they became.
func writtenOf(t *testing.T, s *Server, requests int64) (rows []*schema.Record, metas []schema.Meta, found string) {
	t.Helper()
	eventually(t, "all is recorded", func() bool { return s.recorder.counts.tally().recorded == requests })
	time.Sleep(2 * s.recorder.config.Flush) // the journal holds it
	found = everything(t, s.Dir)
	rows, metas = stop(t, s)
	return rows, metas, found + everything(t, s.Dir)
}
