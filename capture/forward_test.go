package capture

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// sides are the ways in: each test of a client's manners runs in all of them.
func sides(t *testing.T, test func(t *testing.T, change func(*Server), client *http.Client)) {
	own, roots := identity(t)
	for name, c := range map[string]struct {
		server       *tls.Config
		http1, http2 bool
		cleartext2   bool
	}{
		"HTTP/1.1":           {nil, true, false, false},
		"HTTP/1.1, TLS":      {&tls.Config{Certificates: []tls.Certificate{own}}, true, false, false},
		"HTTP/2, TLS":        {&tls.Config{Certificates: []tls.Certificate{own}}, false, true, false},
		"HTTP/2 without TLS": {nil, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableCompression: true, Protocols: new(http.Protocols)}
			transport.Protocols.SetHTTP1(c.http1)
			transport.Protocols.SetHTTP2(c.http2)
			transport.Protocols.SetUnencryptedHTTP2(c.cleartext2)
			t.Cleanup(transport.CloseIdleConnections)
			test(t, func(s *Server) { s.TLS = c.server }, &http.Client{Transport: transport})
		})
	}
}

func request(t *testing.T, ctx context.Context, method, url string, body io.Reader) *http.Request {
	t.Helper()
	q, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestEveryWayIn: a request with trailers and a chunked body, and an answer with
// hints before it and trailers after it.
func TestEveryWayIn(t *testing.T) {
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != "some words" || r.ContentLength != -1 || r.Trailer.Get("T") != "v" || r.Header.Get("Te") != "trailers" {
				t.Errorf("the upstream got %q (%v), length %d, trailer %v, %v", body, err, r.ContentLength, r.Trailer, r.Header)
			}
			w.Header().Set("Link", "</x>")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Trailer", "A")
			io.WriteString(w, "answer")
			w.(http.Flusher).Flush()
			w.Header().Set("A", "b")
			w.Header().Set(http.TrailerPrefix+"Late", "c")
		}), change)
		q := request(t, t.Context(), http.MethodPost, s.URL()+"/a?b", struct{ io.Reader }{strings.NewReader("some words")})
		q.Trailer = http.Header{"T": {"v"}}
		q.Header.Set("Te", "trailers")
		resp, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != "answer" || resp.Trailer.Get("A") != "b" || resp.Trailer.Get("Late") != "c" {
			t.Errorf("the client got %q, %v, trailer %v", body, err, resp.Trailer)
		}
		client.CloseIdleConnections()
		if rows, _ := stop(t, s); len(rows) != 1 || rows[0].RequestBytes != 10 || *rows[0].ResponseBytes != 6 {
			t.Errorf("rows %+v", rows)
		}
	})
}

// TestNothingIsAdded to a bare answer, nor to a bare request.
func TestNothingIsAdded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const bare = "GET /x HTTP/1.1\r\nHost: %s\r\n\r\n"
	want := fmt.Sprintf(bare, l.Addr())
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		text := make([]byte, len(want))
		io.ReadFull(c, text)
		got <- string(text)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	}()
	s := startAt(t, "http://"+l.Addr().String(), nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, bare, "me")
	if text := <-got; text != want {
		t.Errorf("the upstream got %q", text)
	}
	answer := make([]byte, len("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	io.ReadFull(c, answer)
	if string(answer) != "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" {
		t.Errorf("the client got %q", answer)
	}
	stop(t, s)
}

// TestHeadsWithoutContent: fields that net/http leaves out of its own answers pass.
func TestHeadsWithoutContent(t *testing.T) {
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			status := strings.Trim(r.URL.Path, "/")
			fmt.Fprintf(c, "HTTP/1.1 %s x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nEtag: e\r\nContent-Type: a/b\r\nContent-Length: 7\r\n\r\n", status)
			if status == "426" {
				io.WriteString(c, "not now")
			}
		}), change)
		defer client.CloseIdleConnections()
		for status, body := range map[int]string{http.StatusNotModified: "", http.StatusUpgradeRequired: "not now"} {
			resp, err := client.Do(request(t, t.Context(), http.MethodGet, fmt.Sprintf("%s/%d", s.URL(), status), nil))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if status == http.StatusNotModified && resp.ProtoMajor == 2 {
				err = nil // Go's client waits for 7 bytes that a 304 never has
			}
			if h := resp.Header; err != nil || string(got) != body || resp.StatusCode != status ||
				h.Get("Etag") != "e" || fmt.Sprint(h["Content-Type"]) != "[a/b]" || fmt.Sprint(h["Content-Length"]) != "[7]" {
				t.Errorf("%d: %d %q %v, %v", status, resp.StatusCode, got, h, err)
			}
			// HTTP/2 has no upgrades.
			if upgrade := resp.Header.Get("Upgrade"); status == http.StatusUpgradeRequired && (upgrade == "websocket") != (resp.ProtoMajor == 1) {
				t.Errorf("%d over %s: upgrade %q", status, resp.Proto, upgrade)
			}
		}
		client.CloseIdleConnections()
		stop(t, s)
	})
}

// TestTarget keeps the client's own spelling.
func TestTarget(t *testing.T) {
	for _, c := range []struct{ base, uri, want string }{
		{"http://h", "/a%2Fb?q=%20&b", "/a%2Fb?q=%20&b"},
		{"http://h/", "/a", "/a"},
		{"http://h/base/", "/a?", "/base/a?"},
		{"http://h/b%2Fc", "//a/../b", "/b%2Fc//a/../b"},
		{"http://h", "*", "*"},
		{"http://h", "http://other/a?b", "/a?b"},
		{"http://h/base", "http://other", "/base/"},
		{"http://h", "http://other?b", "/?b"},
	} {
		u, err := url.Parse(c.base)
		if err != nil {
			t.Fatal(err)
		}
		if got := target(u, c.uri); got != c.want {
			t.Errorf("%s before %s: %q, want %q", c.base, c.uri, got, c.want)
		}
	}
}

// TestTrailerOfTheHead: a field that stands in the head and is announced as a trailer reaches
// the client as each of them was, and where no trailer came as none.
func TestTrailerOfTheHead(t *testing.T) {
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		for _, came := range []string{"done", ""} {
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				raw, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer raw.Close()
				trailer := ""
				if came != "" {
					trailer = "X-State: " + came + "\r\n"
				}
				fmt.Fprintf(raw, "HTTP/1.1 200 OK\r\nX-State: pending\r\nTrailer: X-State\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n%s\r\n", trailer)
			}), change)
			resp, err := client.Do(request(t, t.Context(), http.MethodGet, s.URL()+"/v1/models", nil))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(resp.Body); err != nil {
				t.Error(err)
			}
			resp.Body.Close()
			want := []string{came}
			if came == "" {
				want = nil
			}
			if got := resp.Trailer["X-State"]; resp.Header.Get("X-State") != "pending" || !slices.Equal(got, want) {
				t.Errorf("the client got %q and the trailer %q, want %q", resp.Header.Get("X-State"), got, want)
			}
			client.CloseIdleConnections()
			stop(t, s)
		}
	})
}
