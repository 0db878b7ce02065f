package capture

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"metron/schema"
)

// TestEarlyRefusal: an upstream that answers before it has read the body is
// heard, whether the body was read beforehand or is still on its way.
func TestEarlyRefusal(t *testing.T) {
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		for name, bound := range map[string]int64{"read beforehand": bodyCap, "streamed": 1 << 10} {
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Connection", "close")
				http.Error(w, "too much", http.StatusRequestEntityTooLarge)
			}), change)
			s.proxy.bodies.each = bound
			resp, err := client.Do(request(t, t.Context(), http.MethodPost, s.URL()+"/v1/chat/completions", bytes.NewReader(make([]byte, 8<<20))))
			if err != nil {
				// HTTP/1.1 clients may see the connection go while they still send.
				if name != "streamed" {
					t.Errorf("%s: %v", name, err)
				}
			} else {
				text, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge || string(text) != "too much\n" {
					t.Errorf("%s: %d %q %v", name, resp.StatusCode, text, err)
				}
			}
			client.CloseIdleConnections()
			rows, _ := stop(t, s)
			if len(rows) != 1 || rows[0].Outcome != schema.OutcomeHTTPError || *rows[0].HTTPStatus != 413 {
				t.Errorf("%s: rows %+v", name, rows)
			}
			if held := s.proxy.bodies.held.Load(); held != 0 {
				t.Errorf("%s: %d bytes of bodies are still counted", name, held)
			}
		}
	})
}

// TestBodiesBeyondTheBounds are streamed through, whole.
func TestBodiesBeyondTheBounds(t *testing.T) {
	sent := make([]byte, 3<<20)
	rand.Read(sent)
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		for name, bound := range map[string]func(*bodies){"each": func(b *bodies) { b.each = 100_000 }, "all": func(b *bodies) { b.all = 50_000 }, "none": func(*bodies) {}} {
			for _, chunked := range map[string][]bool{"each": {true}, "all": {false}, "none": {true}}[name] {
				s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					got, err := io.ReadAll(r.Body)
					// What HTTP/2 gave no length for gets one if it was read whole.
					unknown := chunked && (client.Transport.(*http.Transport).Protocols.HTTP1() || name != "none")
					if err != nil || !bytes.Equal(got, sent) || (r.ContentLength < 0) != unknown {
						t.Errorf("%s: the upstream got %d bytes, %v, said to be %d", name, len(got), err, r.ContentLength)
					}
				}), change)
				bound(&s.proxy.bodies)
				var body io.Reader = bytes.NewReader(sent)
				if chunked {
					body = struct{ io.Reader }{body}
				}
				resp, err := client.Do(request(t, t.Context(), http.MethodPut, s.URL()+"/", body))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				client.CloseIdleConnections()
				stop(t, s)
				if held := s.proxy.bodies.held.Load(); held != 0 {
					t.Errorf("%s: %d bytes of bodies are still counted", name, held)
				}
			}
		}
	})
}

// TestExpectation: a client that waits for leave to send its body gets it, once.
func TestExpectation(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s, %s", r.Header.Get("Expect"), body)
	}), nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	in := bufio.NewReader(c)
	for _, want := range []int{100, 200} {
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != want {
			t.Fatalf("%+v, %v; want %d", resp, err, want)
		}
		if want == 100 {
			fmt.Fprint(c, "hi")
			continue
		}
		if text, err := io.ReadAll(resp.Body); string(text) != "100-continue, hi" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	}
	stop(t, s)
}

// TestRestIsNoRequest: where the upstream answers before it has read a body that is streamed
// through, the rest of that body is not read as the client's next request.
func TestRestIsNoRequest(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Connection", "close") }), nil)
	s.proxy.bodies.each = 1 << 10
	client, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(client, "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n%s\r\n", make([]byte, 0x1000))
	answers := bufio.NewReader(client)
	resp, err := http.ReadResponse(answers, nil)
	if err != nil || resp.StatusCode != http.StatusOK || !resp.Close {
		t.Fatalf("%+v, %v", resp, err)
	}
	io.Copy(io.Discard, resp.Body)
	fmt.Fprint(client, "5\r\nGET /\r\n0\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
	if more, _ := io.ReadAll(answers); len(more) > 0 {
		t.Errorf("the client got %q behind its answer", more)
	}
	if rows, _ := stop(t, s); len(rows) != 1 {
		t.Errorf("%d rows of one request", len(rows))
	}
}
