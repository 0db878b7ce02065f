package replay

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"metron/internal/sigv4"
	"metron/schema"
)

// signatureOf computes what a request must be signed with by the text of AWS's
// documentation ("Create a signed AWS API request"), and what it is signed with.
func signatureOf(req *http.Request, body []byte, secret string) (want, got string) {
	sum := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	escape := func(text, keep string) string {
		var b strings.Builder
		for _, c := range []byte(text) {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~"+keep, c) >= 0 {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		}
		return b.String()
	}
	said := map[string]string{}
	for _, part := range strings.Split(strings.TrimPrefix(req.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		said[name] = value
	}
	var query []string
	for name, values := range req.URL.Query() {
		for _, value := range values {
			query = append(query, escape(name, "")+"="+escape(value, ""))
		}
	}
	slices.Sort(query)
	lines := []string{req.Method, escape(cmp.Or(req.URL.EscapedPath(), "/"), "/"), strings.Join(query, "&")}
	for _, name := range strings.Split(said["SignedHeaders"], ";") {
		value := strings.Join(req.Header.Values(name), ",")
		switch name {
		case "host":
			value = req.Host
		case "content-length":
			value = fmt.Sprint(req.ContentLength)
		}
		lines = append(lines, name+":"+strings.Join(strings.Fields(value), " "))
	}
	lines = append(lines, "", said["SignedHeaders"], fmt.Sprintf("%x", sha256.Sum256(body)))
	scope := strings.Split(said["Credential"], "/") // the key id, date, region, service, aws4_request
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", req.Header.Get("X-Amz-Date"), strings.Join(scope[1:], "/"),
		fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n"))))}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range scope[1:] {
		key = sum(key, part)
	}
	return fmt.Sprintf("%x", sum(key, toSign)), said["Signature"]
}

// TestSignatures holds the signer and the computation above against the vectors that
// AWS published.
func TestSignatures(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	s := sigv4.New("service", "us-east-1", sigv4.Credentials{KeyID: "AKIDEXAMPLE", Secret: secret})
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	for _, c := range []struct{ method, url, want string }{
		{"GET", "https://example.amazonaws.com/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"POST", "https://example.amazonaws.com/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	} {
		req := httptest.NewRequest(c.method, c.url, nil)
		if err := s.Sign(req, sigv4.Hash(nil), at); err != nil {
			t.Fatal(err)
		}
		if want, got := signatureOf(req, nil, secret); want != c.want || got != c.want {
			t.Errorf("%s %s: computed %s, signed %s, published %s", c.method, c.url, want, got, c.want)
		}
	}
}

// TestSignedReplay: what arrives is signed as it arrives, now, and neither the rows nor
// the file keep anything of the credentials, whatever the server says.
func TestSignedReplay(t *testing.T) {
	credentials := sigv4.Credentials{KeyID: "AKIDEXAMPLE", Secret: "very/secret", Token: "temporary-token"}
	var mu sync.Mutex
	var wrong []string
	r, path := runner(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		mu.Lock()
		defer mu.Unlock()
		if want, got := signatureOf(req, body, credentials.Secret); want != got {
			wrong = append(wrong, got)
		}
		at, err := time.Parse("20060102T150405Z", req.Header.Get("X-Amz-Date"))
		if err != nil || time.Since(at).Abs() > time.Minute || req.RequestURI != "/model/arn:aws:b%2Fm/converse-stream" || req.Header.Get("X-Amz-Security-Token") != credentials.Token {
			wrong = append(wrong, req.RequestURI+fmt.Sprint(req.Header))
		}
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"message":"%s by %s with %s"}`, req.Header.Get("X-Amz-Security-Token"), credentials.KeyID, credentials.Secret)
	}), 0)
	r.Plan.Form, r.Model, r.Header = schema.APIBedrock, "arn:aws:b/m", http.Header{"X-Note": {"a  b"}}
	r.AWS = map[*url.URL]*sigv4.Signer{r.Targets[0]: sigv4.New("bedrock", "us-east-1", credentials)}
	s, of := replayRows(t, r, path, contentRow(0, `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`, nil))
	mu.Lock()
	defer mu.Unlock()
	if len(wrong) > 0 || s.Outcomes[schema.OutcomeHTTPError] != 1 {
		t.Errorf("%q, %+v", wrong, s)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range of {
		for _, secret := range []string{credentials.KeyID, credentials.Secret, credentials.Token} {
			if strings.Contains(row.ErrorMessage, secret) || bytes.Contains(file, []byte(secret)) {
				t.Errorf("%s is kept in %q", secret, row.ErrorMessage)
			}
		}
	}
}

func BenchmarkSign(b *testing.B) {
	body := bytes.Repeat([]byte("a"), 4096)
	s, hash := sigv4.New("bedrock", "us-east-1", sigv4.Credentials{KeyID: "AKIDEXAMPLE", Secret: "secret"}), sigv4.Hash(body)
	b.ReportAllocs()
	for b.Loop() {
		req, err := http.NewRequest("POST", "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Sign(req, hash, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
