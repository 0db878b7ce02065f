package capture

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"metron/schema"
)

// TestCredentialsInTheBody: those for tools that the server calls are cut out of what
// is kept, and words of the prompt are not taken for some.
func TestCredentialsInTheBody(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"fields": {
			`{"model":"m","tools":[{"type":"mcp","authorization":"tok-of-a-server","headers":{"X-Key":"another-secret","X-Team":"search-team"}}],` +
				`"mcp_servers":[{"authorization_token":"third-secret"}],"messages":[{"role":"user","content":"hello there","authorization":"of the prompt"}]}`,
			`{"model":"m","tools":[{"type":"mcp","authorization":"@","headers":{"X-Key":"@","X-Team":"search-team"}}],` +
				`"mcp_servers":[{"authorization_token":"@"}],"messages":[{"role":"user","content":"hello there","authorization":"of the prompt"}]}`},
		"URLs of tools": {
			`{"tools":[{"type":"mcp","server_url":"https://mcp.example/mcp/?apiKey=tvly-12345&team=search-team"}],"mcp_servers":[{"url":"https://user-1:pass-123@host/a"},{"url":"https://ghp_12345@host"}]}`,
			`{"tools":[{"type":"mcp","server_url":"https://mcp.example/mcp/?apiKey=@&team=search-team"}],"mcp_servers":[{"url":"https://@@host/a"},{"url":"https://@@host"}]}`},
		"signed URLs in messages": {
			`{"messages":[{"content":[{"image_url":{"url":"https:\/\/h/a.png?X-Amz-Signature=0123456789ab\u0026w=12345678#access_token=98765432"}},{"text":"see https://h/?token=kept-in-prose"}]}]}`,
			`{"messages":[{"content":[{"image_url":{"url":"https:\/\/h/a.png?X-Amz-Signature=@\u0026w=12345678#access_token=@"}},{"text":"see https://h/?token=kept-in-prose"}]}]}`},
		"escaped in a URL": {
			`{"input":"https://h/?key=a%2Bb%2fc%3D123","x":"a+b/c=123"}`,
			`{"input":"https://h/?key=@","x":"@"}`},
		"Azure's data sources": {
			`{"data_sources":[{"parameters":{"authentication":{"type":"api_key_of_mine","key":"azure-key"},"index_name":"keys-to-all"}},{"authentication":{"connection_string":"AccountKey=12345678/9="}}],"x":"12345678/9="}`,
			`{"data_sources":[{"parameters":{"authentication":{"type":"api_key_of_mine","key":"@"},"index_name":"keys-to-all"}},{"authentication":{"connection_string":"@"}}],"x":"@"}`},
		"twice":       {`{"api_key":"first-key","api_key":"second-key"}`, `{"api_key":"@","api_key":"@"}`},
		"odd escapes": {`{"pass\u0077ord":"\u0068unter22\n\ud83d\ude00","x":"hunter22"}`, `{"pass\u0077ord":"@","x":"hunter22"}`},
		"no strings": {`{"token":12345678,"secret":{"type":"string-of-a-schema"},"password":null,"api_key":"short"}`,
			`{"token":12345678,"secret":{"type":"string-of-a-schema"},"password":null,"api_key":"short"}`},
		"search words":         {`{"input":"https://h/?keyword=kubernetes&author=shakespeare&pageToken=12345678"}`, `{"input":"https://h/?keyword=kubernetes&author=shakespeare&pageToken=12345678"}`},
		"data":                 {`{"input":"data:image/png;token=12345678,://h?key=12345678"}`, `{"input":"data:image/png;token=12345678,://h?key=12345678"}`},
		"a word of an example": {`{"tools":[{"url":"postgres://someone:password@h/db","required":["password"]}]}`, `{"tools":[{"url":"postgres://@@h/db","required":["password"]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, http.HandlerFunc(completion), func(s *Server) { s.Privacy = schema.RecordedContent })
			post(t, s, c.body).Body.Close()
			rows, _ := stop(t, s)
			if got, want := string(rows[0].RequestBody), strings.ReplaceAll(c.want, "@@", "[credential]@"); got != strings.ReplaceAll(strings.ReplaceAll(want, `"@`, `"[credential]`), "=@", "=[credential]") {
				t.Errorf("kept %s\nwant %s", got, want)
			}
		})
	}
}

// TestIsCredential: names of credentials, and of what only sounds like it.
func TestIsCredential(t *testing.T) {
	for names, want := range map[string]bool{
		"authorization Authorization authorization_token api_key apiKey x-api-key OPENAI_API_KEY encoded_api_key access_token auth_token": true,
		"client_secret clientSecret aws_secret_access_key aws_access_key_id AWS_SESSION_TOKEN secret token refresh_token id_token":        true,
		"password db_password passwd passphrase bearer_token private_key privateKey signing_key vertex_credentials connection_string":     true,
		"hf_token GITHUB_TOKEN cookie subscription-key azure_ad_token client_assertion secret_key backend_token":                          true,
		"max_tokens maxTokens min_tokens token_type tokens stop_token stop_token_ids eos_token bos_token pad_token next_page_token":       false,
		"prompt_cache_key key cache_key keys keywords author authority model secretary tokenizer password_hint url name type user":        false,
	} {
		for name := range strings.FieldsSeq(names) {
			if isCredential(name) != want {
				t.Errorf("%s is a credential: %v", name, !want)
			}
		}
	}
}

// TestWhatCannotBeCleanedIsNotKept: bodies in no known form, whose credentials could be
// anywhere, and answers that are credentials. It is not counted as want of memory, where
// nothing else was promised.
func TestWhatCannotBeCleanedIsNotKept(t *testing.T) {
	const issued = "ek_0123456789abcdef"
	for _, c := range []struct {
		name, method, path, kind, body string
		kept                           bool
		degraded                       int64
	}{
		{"a chat", "POST", "/v1/chat/completions", "application/json", ` {"messages":[{"content":"hi"}]} `, true, 0},
		{"a list of chats", "POST", "/v1/chat/completions", "application/json", `[{"client_secret":"0123456789abcdef"}]`, false, 1},
		{"a chat cut short", "POST", "/v1/chat/completions", "application/json", `{"client_secret":"0123456789abcdef"`, false, 1},
		{"two chats", "POST", "/v1/chat/completions", "application/json", `{"a":"b"}{"client_secret":"0123456789abcdef"}`, false, 1},
		{"a form", "POST", "/v1/chat/completions", "application/x-www-form-urlencoded", "client_secret=0123456789abcdef", false, 1},
		{"nothing", "POST", "/v1/chat/completions", "application/json", "", false, 1},
		{"a token request", "POST", "/oauth/token", "application/x-www-form-urlencoded", "client_secret=0123456789abcdef", false, 0},
		{"client secrets", "POST", "/v1/realtime/client_secrets", "application/json", `{"session":{"type":"realtime"}}`, false, 0},
		{"models", "GET", "/v1/models", "", "", false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				fmt.Fprintf(w, `{"value":%q,"access_token":%q,"note":"an answer"}`, issued, issued)
			}), func(s *Server) { s.Privacy = schema.RecordedContent })
			req, err := http.NewRequest(c.method, s.URL()+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", c.kind)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			rows, metas, found := writtenOf(t, s, 1)
			r := rows[0]
			if kept := r.RequestBody != nil; kept != c.kept || (r.Recorded == schema.RecordedContent) != c.kept || (r.RequestHeaders != "") != c.kept {
				t.Errorf("kept as %s: %q, %q", r.Recorded, r.RequestBody, r.RequestHeaders)
			}
			if n := metas[0].Counters["degraded_to_hash"] + metas[0].Counters["degraded_to_lengths"]; n != c.degraded {
				t.Errorf("%d degraded, want %d", n, c.degraded)
			}
			if !c.kept && (strings.Contains(found, issued) || strings.Contains(found, "0123456789abcdef")) {
				t.Error("the folder has a credential")
			}
		})
	}
}

// TestTooManyCredentials: a body may not make the recorder look for any number of them.
func TestTooManyCredentials(t *testing.T) {
	body := func(n int) []byte {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"https://h/?key=secret-%d"`, i)
		}
		return []byte(`{"input":["one"` + b.String() + `]}`)
	}
	if found, ok := bodyCredentials(body(maxInBody)); !ok || len(found) != maxInBody || !slices.Contains(found, "secret-7") {
		t.Errorf("%d found, %v", len(found), ok)
	}
	if _, ok := bodyCredentials(body(maxInBody + 1)); ok {
		t.Error("any number is taken")
	}
}

// BenchmarkBodyCredentials is what a body costs beside the hashes of its prompt.
func BenchmarkBodyCredentials(b *testing.B) {
	text := strings.Repeat(`{"role":"user","content":"`+strings.Repeat("some words: more of them. ", 40)+`"},`, 200)
	body := []byte(`{"model":"m","messages":[` + text[:len(text)-1] + `],"tools":[{"type":"mcp","server_url":"https://h/?apiKey=0123456789"}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if found, ok := bodyCredentials(body); !ok || len(found) != 1 {
			b.Fatal(found)
		}
	}
}
