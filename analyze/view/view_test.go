package view

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"metron/analyze"
	"metron/internal/term"
)

// serve starts a server whose answers are the question's own fields.
func serve(t *testing.T, compute func(context.Context, Question, func(int64)) (Answer, error)) *httptest.Server {
	t.Helper()
	s := &Server{Page: []byte("<!doctype html><p>page"), Compute: compute}
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = s.Handler("box.lan")
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, request *http.Request) (status int, body string) {
	t.Helper()
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func TestServer(t *testing.T) {
	computed := 0
	server := serve(t, func(_ context.Context, q Question, progress func(int64)) (Answer, error) {
		computed++
		progress(10)
		if q.FromUS == 13 {
			return nil, term.WithHint(errors.New("no such rows"), "ask for others")
		}
		return json.Marshal(q)
	})
	for _, c := range []struct {
		method, path string
		header       map[string]string // Host among them
		status       int
		want         string
	}{
		{"GET", "/", nil, 200, "<p>page"},
		{"GET", "/", map[string]string{"Host": "localhost:7"}, 200, "<p>page"},
		{"GET", "/", map[string]string{"Host": "[::1]:7"}, 200, "<p>page"},
		{"GET", "/", map[string]string{"Host": "Box.lan:8080"}, 200, "<p>page"},
		{"GET", "/", map[string]string{"Host": "box.lan.evil.example:8080"}, 403, "does not answer to the name"},
		{"GET", "/", map[string]string{"Host": "evil.example"}, 403, `"hint":`},
		{"GET", "/", map[string]string{"Host": "127.0.0.1.evil.example:80"}, 403, "does not answer to the name"},
		{"GET", "/", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200, "<p>page"}, // a link
		{"GET", "/api/answer", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "from elsewhere"},
		{"GET", "/api/answer", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200, `"answer":`},
		{"GET", "/../../etc/passwd", nil, 404, "the page is at /"},
		{"GET", "/run.parquet", nil, 404, `"error":`},
		{"POST", "/api/answer", nil, 404, `"error":`},
		{"GET", "/api/answer?from_us=5&to_us=9&tbt_deadline_us=25000", nil, 200, `"answer":{"FromUS":5,"ToUS":9,"TTFTDeadlineUS":0,"TBTDeadlineUS":25000`},
		{"GET", "/api/answer?from_us=13", nil, 200, `{"error":"no such rows","hint":"ask for others"}`},
		{"GET", "/api/answer?from_us=9&to_us=5", nil, 400, "is not a window"},
		{"GET", "/api/answer?from_us=-1", nil, 400, "whole number"},
		{"GET", "/api/answer?from_us=1&from_us=2", nil, 400, "whole number"},
		{"GET", "/api/answer?file=/etc/passwd", nil, 400, "cannot be asked"},
	} {
		request, err := http.NewRequest(c.method, server.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range c.header {
			request.Header.Set(name, value)
		}
		request.Host = c.header["Host"]
		status, body := get(t, request)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s %v: status %d\n%s\nwant %d and %q", c.method, c.path, c.header, status, body, c.status, c.want)
		}
	}
	before := computed
	for range 3 {
		request, _ := http.NewRequest("GET", server.URL+"/api/answer?to_us=77", nil)
		if _, body := get(t, request); !strings.Contains(body, `"ToUS":77`) {
			t.Errorf("answered %s", body)
		}
	}
	if computed != before+1 {
		t.Errorf("one question was computed %d times", computed-before)
	}
}

func TestNameOf(t *testing.T) {
	for listen, want := range map[string]string{
		"box.lan:8080": "box.lan", "localhost:0": "localhost", "127.0.0.1:0": "127.0.0.1", "[::1]:8080": "::1",
		":8080": "here", "0.0.0.0:8080": "here", "[::]:8080": "here",
	} {
		if got := nameOf(listen, func() (string, error) { return "here", nil }); got != want {
			t.Errorf("%s is at %s, want %s", listen, got, want)
		}
	}
	if got := nameOf(":0", func() (string, error) { return "", errors.New("no name") }); got != "localhost" {
		t.Errorf("a machine without a name is %s", got)
	}
}

// TestCheckGoesFirst: what is remembered is answered as long as it is true.
func TestCheckGoesFirst(t *testing.T) {
	path := writeRun(t)
	s, err := serverOf(t.Context(), asked{paths: []string{path}, config: analyze.Config{Report: true}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler("localhost"))
	defer server.Close()
	ask := func(want string) {
		t.Helper()
		request, _ := http.NewRequest("GET", server.URL+"/api/answer?to_us=1000000", nil)
		if _, body := get(t, request); !strings.Contains(body, want) {
			t.Errorf("answered %.200s, want %s", body, want)
		}
	}
	ask(`"answer":`)
	ask(`"answer":`)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	ask("changed after the page was made")
}

// TestLeavingCancels: a client that leaves frees the turn of the next.
func TestLeavingCancels(t *testing.T) {
	started, cancelled := make(chan struct{}), make(chan struct{})
	server := serve(t, func(ctx context.Context, q Question, progress func(int64)) (Answer, error) {
		if q.FromUS != 1 {
			return json.Marshal(q)
		}
		progress(4)
		close(started)
		<-ctx.Done()
		close(cancelled)
		return nil, ctx.Err()
	})
	ctx, leave := context.WithCancel(t.Context())
	request, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/api/answer?from_us=1", nil)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	<-started
	progress, err := bufio.NewReader(response.Body).ReadString('\n')
	if err != nil || progress != `{"rows":4}`+"\n" {
		t.Errorf("progress %q, %v", progress, err)
	}
	leave()
	<-cancelled
	other, _ := http.NewRequest("GET", server.URL+"/api/answer?from_us=2", nil)
	if _, body := get(t, other); !strings.Contains(body, `"FromUS":2`) {
		t.Errorf("the next one got %s", body)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	computing := make(chan struct{})
	s := &Server{Page: []byte("p"), Compute: func(ctx context.Context, _ Question, _ func(int64)) (Answer, error) {
		close(computing)
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l, "localhost") }()
	go func() {
		if r, err := http.Get("http://" + l.Addr().String() + "/api/answer"); err == nil {
			r.Body.Close()
		}
	}()
	<-computing
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it did not end")
	}
}

func FuzzParseQuestion(f *testing.F) {
	f.Add("from_us=1&to_us=2&ttft_deadline_us=3&tbt_deadline_us=4")
	f.Add("to_us=99999999999999999999")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := ParseQuestion(values)
		if err != nil {
			return
		}
		if q.FromUS < 0 || q.ToUS != 0 && q.ToUS <= q.FromUS || q.TTFTDeadlineUS < 0 {
			text, _ := json.Marshal(q)
			t.Fatalf("%q is %s", query, text)
		}
	})
}
