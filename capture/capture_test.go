package capture

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"metron/schema"
)

// start captures in front of h.
func start(t *testing.T, h http.Handler, change func(*Server)) *Server {
	t.Helper()
	upstream := httptest.NewServer(h)
	t.Cleanup(upstream.Close)
	return startAt(t, upstream.URL, change)
}

func startAt(t *testing.T, upstream string, change func(*Server)) *Server {
	t.Helper()
	u, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Upstream: u, Listen: "127.0.0.1:0", Drain: 2 * time.Second, Recording: Recording{Dir: t.TempDir(), Flush: 20 * time.Millisecond,
		Sealed: func(path string, _ int64, err error) {
			if err != nil {
				t.Errorf("seal %s: %v", path, err)
			}
		}}}
	if change != nil {
		change(s)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// stop ends the capture and returns its rows, file by file.
func stop(t *testing.T, s *Server) (rows []*schema.Record, metas []schema.Meta) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return archive(t, s.Dir)
}

// archive reads the complete files of a folder.
func archive(t *testing.T, dir string) (rows []*schema.Record, metas []schema.Meta) {
	t.Helper()
	paths, err := Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		f, err := schema.Open(p)
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range f.Records() {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, r)
		}
		metas = append(metas, f.Meta())
		f.Close()
	}
	return rows, metas
}

const chatRequest = `{"model":"m","stream":true,"max_tokens":3,"messages":[{"role":"user","content":"my secret plan"}]}`

func post(t *testing.T, s *Server, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.URL()+"/v1/chat/completions?x=1", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk-very-secret")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func event(text string) string {
	return fmt.Sprintf(`data: {"choices":[{"index":0,"delta":{"content":%q}}]}`+"\n\n", text)
}

// TestForwardsUnchanged compares what both sides see with what was sent.
func TestForwardsUnchanged(t *testing.T) {
	var got *http.Request
	var gotBody []byte
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		gotBody, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Add("X-Odd", "one")
		w.Header().Add("X-Odd", "two")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, `{"error":{"message":"short and stout"}}`)
	}), nil)
	body := strings.Repeat(`{"a": 1}  `, 50_000)
	req, err := http.NewRequest(http.MethodPut, s.URL()+"/some/p%2Fath?q=%20&b", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"User-Agent": nil, "X-Mine": {"1", "2"}, "Connection": {"X-Hop"}, "X-Hop": {"gone"}, "Accept-Encoding": {"br"}}
	resp, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if string(gotBody) != body || got.Method != http.MethodPut || got.URL.RequestURI() != "/some/p%2Fath?q=%20&b" {
		t.Errorf("upstream got %s %s with %d bytes", got.Method, got.URL.RequestURI(), len(gotBody))
	}
	want := http.Header{"X-Mine": {"1", "2"}, "Accept-Encoding": {"br"}, "Content-Length": {fmt.Sprint(len(body))}}
	if fmt.Sprint(got.Header) != fmt.Sprint(want) {
		t.Errorf("upstream got headers %v, want %v", got.Header, want)
	}
	if resp.StatusCode != http.StatusTeapot || string(answer) != `{"error":{"message":"short and stout"}}` || fmt.Sprint(resp.Header["X-Odd"]) != "[one two]" {
		t.Errorf("client got %d %v %q", resp.StatusCode, resp.Header, answer)
	}
	rows, _ := stop(t, s)
	if len(rows) != 1 || rows[0].Outcome != schema.OutcomeHTTPError || rows[0].API != schema.APIOther || rows[0].RequestBytes != int64(len(body)) {
		t.Errorf("rows %+v", rows)
	}
}

// TestStreamsAtOnce: each event reaches the client before the next is sent.
func TestStreamsAtOnce(t *testing.T) {
	next := make(chan struct{})
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			io.WriteString(w, event(fmt.Sprint(i)))
			w.(http.Flusher).Flush()
			<-next
		}
		io.WriteString(w, "data: [DONE]\n\n")
	}), nil)
	resp := post(t, s, chatRequest)
	lines := bufio.NewReader(resp.Body)
	for i := range 3 {
		line, err := lines.ReadString('\n')
		if err != nil || !strings.Contains(line, fmt.Sprintf(`"content":"%d"`, i)) {
			t.Fatalf("event %d: %q, %v", i, line, err)
		}
		lines.ReadString('\n')
		time.Sleep(2 * time.Millisecond)
		next <- struct{}{}
	}
	io.Copy(io.Discard, lines)
	resp.Body.Close()
	rows, metas := stop(t, s)
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	r := rows[0]
	if r.Outcome != schema.OutcomeOK || r.API != schema.APIChat || !r.Stream || r.RequestModel != "m" || *r.MaxTokens != 3 || len(r.ChunkTime) != 4 {
		t.Errorf("row %+v", r)
	}
	for i := 1; i < 3; i++ {
		if gap := r.ChunkTime[i] - r.ChunkTime[i-1]; gap < 2000 || r.ChunkRead[i] == r.ChunkRead[i-1] {
			t.Errorf("chunk %d comes %d us after the last, reads %v; each was 2 ms apart", i, gap, r.ChunkRead)
		}
	}
	if r.Dispatched != nil || r.Headers == nil || r.Wrote == nil || r.End == nil {
		t.Errorf("times %+v", r)
	}
	if m := metas[0]; m.Vantage != schema.VantageCapture || m.Counters["seen"] != 1 || m.Counters["recorded"] != 1 || m.Privacy != schema.RecordedHash {
		t.Errorf("footer %+v", m)
	}
}

// TestNoSecretReachesDisk looks for the credential, the prompt and the answer
// in every byte of the folder.
func TestNoSecretReachesDisk(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":{"message":"no such key: %s","type":"auth"}}`, r.Header.Get("Authorization"))
	}), nil)
	resp := post(t, s, chatRequest)
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	rows, _ := stop(t, s)
	if len(rows) != 1 || len(rows[0].Tenant) != 16 || rows[0].ErrorType != "auth" || rows[0].ErrorMessage != "" {
		t.Fatalf("rows %+v", rows)
	}
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(s.Dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"sk-very-secret", "secret plan"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q", e.Name(), secret)
			}
		}
	}
}

// TestDeadUpstreamIsABrokenStream: never a clean end.
func TestDeadUpstreamIsABrokenStream(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, event("a"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}), nil)
	resp := post(t, s, chatRequest)
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !errors.Is(err, io.ErrUnexpectedEOF) || string(body) != event("a") {
		t.Errorf("client read %q, %v", body, err)
	}
	if rows, _ := stop(t, s); len(rows) != 1 || rows[0].Outcome != schema.OutcomeTruncated {
		t.Errorf("rows %+v", rows)
	}
}

func TestLeavingClientCancelsUpstream(t *testing.T) {
	cancelled := make(chan struct{})
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, event("a"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(cancelled)
	}), nil)
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/v1/chat/completions", strings.NewReader(chatRequest))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Read(make([]byte, 10))
	leave()
	resp.Body.Close()
	select {
	case <-cancelled:
	case <-time.After(10 * time.Second):
		t.Fatal("upstream still works for a client that left")
	}
	if rows, _ := stop(t, s); len(rows) != 1 || rows[0].Outcome != schema.OutcomeClientAbort || rows[0].ClientAbort == nil || len(rows[0].ChunkTime) != 1 {
		t.Errorf("rows %+v", rows)
	}
}

func TestUnreachableUpstream(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := startAt(t, "http://"+l.Addr().String(), nil)
	resp := post(t, s, chatRequest)
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "cannot be reached") {
		t.Errorf("client got %d %s", resp.StatusCode, body)
	}
	if rows, _ := stop(t, s); len(rows) != 1 || rows[0].Outcome != schema.OutcomeTransportError || rows[0].ErrorType != "refused" {
		t.Errorf("rows %+v", rows)
	}
}

// TestCloserUpstream: a server that promises keep-alive and closes after each
// stream never becomes an error, and is never sent a request twice.
func TestCloserUpstream(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	var arrived atomic.Int64
	defer served.Wait()
	defer l.Close()
	served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				defer c.Close()
				in := bufio.NewReader(c)
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				arrived.Add(1)
				io.Copy(io.Discard, r.Body)
				chunk := event("a") + "data: [DONE]\n\n"
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(chunk), chunk)
				if n := arrived.Load(); n%2 == 0 { // some stay open for a moment
					time.Sleep(time.Duration(n%50) * time.Millisecond)
				}
			})
		}
	})
	s := startAt(t, "http://"+l.Addr().String(), nil)
	const clients = 8
	each := 1250
	if testing.Short() || raceDetector {
		each = 100
	}
	var done sync.WaitGroup
	for range clients {
		done.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for i := range each {
				resp, err := client.Post(s.URL()+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
				if err != nil {
					t.Errorf("request %d: %v", i, err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != 200 || !strings.HasSuffix(string(body), "[DONE]\n\n") {
					t.Errorf("request %d: %d %q %v", i, resp.StatusCode, body, err)
					return
				}
			}
		})
	}
	done.Wait()
	rows, _ := stop(t, s)
	if n := clients * each; len(rows) != n || arrived.Load() != int64(n) {
		t.Errorf("%d requests became %d at the upstream and %d rows", n, arrived.Load(), len(rows))
	}
}

// eventually waits for something that another goroutine brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// TestClientLeavesWhileUploading: its row says so.
func TestClientLeavesWhileUploading(t *testing.T) {
	s := start(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the upstream was asked") }), nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"model\":")
	c.Close()
	eventually(t, "the request is recorded", func() bool { return s.recorder.counts.tally().recorded == 1 })
	if rows, _ := stop(t, s); len(rows) != 1 || rows[0].Outcome != schema.OutcomeClientAbort || rows[0].RequestBytes != 9 {
		t.Errorf("rows %+v", rows)
	}
}

// TestEchoedKeysAreCut, whatever way the client sent them.
func TestEchoedKeysAreCut(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":{"message":"no such key: %s %s"}}`, r.Header.Get("Api-Key"), r.URL.RawQuery)
	}), func(s *Server) { s.Privacy = schema.RecordedContent })
	req, err := http.NewRequest(http.MethodPost, s.URL()+"/v1/chat/completions?key=QUERYKEY", strings.NewReader(chatRequest))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Api-Key", "HEADERKEY")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	rows, _ := stop(t, s)
	if len(rows) != 1 || rows[0].ErrorMessage != "no such key: [credential] key=[credential]" || rows[0].Tenant == "" {
		t.Errorf("rows %+v", rows)
	}
}
