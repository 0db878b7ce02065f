package capture

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"metron/schema"
)

// TestFaultCostsOneRecord: our own code panics over one prompt, and the others are
// recorded all the same.
func TestFaultCostsOneRecord(t *testing.T) {
	faults := make(chan error, 10)
	s := start(t, http.HandlerFunc(completion), func(s *Server) {
		s.HashBlock, s.Encode = 4, func(text string) []int {
			if strings.Contains(text, "bad words") {
				panic(text)
			}
			return make([]int, len(text))
		}
		s.Fault = func(err error) { faults <- err }
	})
	for _, words := range []string{"good", "bad words", "good"} {
		post(t, s, fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":%q}]}`, words)).Body.Close()
	}
	eventually(t, "the fault is told of", func() bool { return len(faults) == 1 })
	if err := <-faults; strings.Contains(err.Error(), "bad words") {
		t.Errorf("the fault quotes the prompt: %v", err)
	}
	rows, metas := stop(t, s)
	if c := metas[0].Counters; len(rows) != 2 || c["recorded"] != 2 || c["seen"] != 3 || c["dropped"] != 1 || s.recorder.counts.tally().dropped != 1 {
		t.Errorf("%d rows, counted %v", len(rows), c)
	}
}

// TestNoLimitIsNoFault: max_tokens -1, which some clients send for no limit.
func TestNoLimitIsNoFault(t *testing.T) {
	s := start(t, http.HandlerFunc(completion), nil)
	post(t, s, `{"model":"m","max_tokens":-1,"messages":[{"role":"user","content":"hi"}]}`).Body.Close()
	if rows, _ := stop(t, s); len(rows) != 1 || rows[0].MaxTokens != nil {
		t.Errorf("rows %+v", rows)
	}
}

// TestDroppedIsFreed: a record that is given up amid its stream holds nothing from
// then on.
func TestDroppedIsFreed(t *testing.T) {
	r, err := Recording{Dir: t.TempDir(), Privacy: schema.RecordedContent, MaxMemory: 4 << 20, Flush: 20 * time.Millisecond}.start(schema.NewClock(), map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	body := []byte(`{"model":"m","stream":true,"messages":[{"role":"user","content":"` + strings.Repeat("word ", 200_000) + `"}]}`)
	now := r.clock.NowUS()
	f := r.begin(now, &requestHead{method: http.MethodPost, path: "/v1/chat/completions", header: http.Header{}}, body)
	f.head(http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}}, now)
	eventually(t, "its body is held by the recorder", func() bool { return r.roundUS.Load() > now && r.budget.held.Load() < int64(len(body))+64<<10 })
	others := r.budget.limit - r.budget.held.Load()
	r.budget.take(others, true)
	f.body([]byte("data: x\n\n"), now, 0)
	r.budget.give(others)
	if !f.dropped.Load() {
		t.Fatal("there was room")
	}
	eventually(t, "nothing is held", func() bool { return r.budget.held.Load() < 10_000 })
}

// TestPartIsNoWhole: of a body over the bound nothing is kept but its size.
func TestPartIsNoWhole(t *testing.T) {
	s := start(t, http.HandlerFunc(completion), func(s *Server) { s.Privacy = schema.RecordedContent })
	s.proxy.bodies.all = 40 << 10
	body := `{"model":"m","messages":[{"role":"user","content":"` + strings.Repeat("word ", 40_000) + `"}]}`
	resp, err := http.Post(s.URL()+"/v1/chat/completions", "application/json", io.MultiReader(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	rows, _ := stop(t, s)
	if r := rows[0]; r.RequestBytes != int64(len(body)) || r.Recorded != schema.RecordedLengths || r.RequestBody != nil || r.BlockHashes != nil {
		t.Errorf("%d of %d bytes, recorded %s, %d bytes kept", r.RequestBytes, len(body), r.Recorded, len(r.RequestBody))
	}
}

// TestBrokenToHTTP10: where the end of the connection is the end of the answer, a
// broken answer resets it.
func TestBrokenToHTTP10(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, event("a"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}), nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "POST /v1/chat/completions HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}")
	if all, err := io.ReadAll(c); err == nil {
		t.Errorf("a clean end after %q", all)
	}
	if rows, _ := stop(t, s); len(rows) != 1 || rows[0].Outcome != schema.OutcomeTruncated {
		t.Errorf("rows %+v", rows)
	}
}

// sink gives zeros, and counts them.
type sink struct{ n atomic.Int64 }

func (s *sink) Read(p []byte) (int, error) {
	clear(p)
	s.n.Add(int64(len(p)))
	return len(p), nil
}

func TestNoTunnels(t *testing.T) {
	s := start(t, http.HandlerFunc(completion), nil)
	defer s.Close()
	req, err := http.NewRequest(http.MethodConnect, s.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Opaque = "example.com:443"
	if resp, err := http.DefaultTransport.RoundTrip(req); err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("%+v, %v", resp, err)
	}
}

// TestUploadsBesideEachOther: one that the server does not read holds up no other of
// its HTTP/2 connection.
func TestUploadsBesideEachOther(t *testing.T) {
	stuck := make(chan struct{})
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stuck" {
			<-stuck
		}
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	}), nil)
	s.proxy.bodies.each = 64 << 10
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sent := &sink{}
	go func() {
		if resp, err := transport.RoundTrip(request(t, ctx, http.MethodPost, s.URL()+"/stuck", io.LimitReader(sent, 32<<20))); err == nil {
			resp.Body.Close()
		}
	}()
	last := int64(-1)
	eventually(t, "the upload is stuck", func() bool {
		time.Sleep(50 * time.Millisecond)
		n := sent.n.Load()
		same := n == last && n > 64<<10
		last = n
		return same
	})
	resp, err := transport.RoundTrip(request(t, ctx, http.MethodPost, s.URL()+"/other", strings.NewReader(strings.Repeat("x", 30_000))))
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(resp.Body); string(text) != "30000" {
		t.Errorf("the server read %q", text)
	}
	cancel()
	close(stuck)
	stop(t, s)
}
