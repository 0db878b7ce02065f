package llmsim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// load waits until the engine holds what is wanted.
func load(t *testing.T, s *Server, running, queued int) {
	t.Helper()
	var r, q int
	for range 5000 {
		s.loop.mu.Lock()
		r, q = s.loop.engine.Load()
		s.loop.mu.Unlock()
		if r == running && q == queued {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d running and %d queued after 5 s, want %d and %d", r, q, running, queued)
}

func waitIdle(t *testing.T, s *Server) {
	t.Helper()
	load(t, s, 0, 0)
	s.loop.mu.Lock()
	defer s.loop.mu.Unlock()
	if n := len(s.loop.owner); n != 0 {
		t.Errorf("%d sequences are still owned", n)
	}
}

func TestDisconnectFreesTheSlot(t *testing.T) {
	for _, stream := range []string{"true", "false"} {
		t.Run("stream "+stream, func(t *testing.T) {
			s := start(t, Config{Engine: EngineConfig{MaxBatch: 1, MaxQueue: 1, Cost: Cost{DecodeUS: 1000}}})
			endless := `{` + hello + `,"max_tokens":100000,"ignore_eos":true,"stream":` + stream + `}`
			leave := func() context.CancelFunc {
				ctx, cancel := context.WithCancel(t.Context())
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/v1/chat/completions", strings.NewReader(endless))
				if err != nil {
					t.Fatal(err)
				}
				go func() {
					if response, err := http.DefaultClient.Do(r); err == nil {
						io.Copy(io.Discard, response.Body)
						response.Body.Close()
					}
				}()
				return cancel
			}
			first := leave()
			defer first()
			load(t, s, 1, 0)
			second := leave()
			defer second()
			load(t, s, 1, 1)

			// Both places are taken: the third is refused.
			r := post(t, s, "/v1/chat/completions", endless)
			if r.StatusCode != 429 || r.Header.Get("Retry-After") == "" {
				t.Fatalf("status %d, want 429 with Retry-After", r.StatusCode)
			}
			second()
			load(t, s, 1, 0)
			first()
			waitIdle(t, s)
			all, err := events(t, post(t, s, "/v1/completions", `{"prompt":"a","max_tokens":2,"ignore_eos":true,"stream":true}`))
			if got := shape(all); err != nil || got != "ccfd" {
				t.Errorf("the stream after is %s, %v", got, err)
			}
		})
	}
}

func TestTokensComeNoEarlierThanTheirSteps(t *testing.T) {
	s := start(t, Config{Engine: EngineConfig{Cost: Cost{PrefillUS: 20_000, DecodeUS: 3_000}}})
	began := time.Now()
	r := post(t, s, "/v1/completions", `{"prompt":"a","max_tokens":20,"ignore_eos":true,"stream":true}`)
	var body bytes.Buffer
	buf := make([]byte, 4096)
	for {
		n, err := r.Body.Read(buf)
		body.Write(buf[:n])
		// Token k ends at 20 ms and k-1 steps of 3 ms.
		k := strings.Count(body.String(), `"text":" `) + 1
		if due := 20*time.Millisecond + time.Duration(k-1)*3*time.Millisecond; k > 1 && time.Since(began) < due {
			t.Fatalf("token %d came after %v, before its step's end at %v", k, time.Since(began), due)
		}
		if err != nil {
			break
		}
	}
	if err := s.Close(); err != nil { // the last step is counted after its tokens are out
		t.Fatal(err)
	}
	if stats := s.Stats(); stats.Steps != 20 || stats.Tokens != 20 || stats.Requests != 1 {
		t.Errorf("%+v, want 20 steps, 20 tokens, 1 request", stats)
	}
}

func TestCloseCutsStreams(t *testing.T) {
	s := start(t, Config{Engine: EngineConfig{Cost: Cost{DecodeUS: 1000}}})
	r := post(t, s, "/v1/completions", `{"prompt":"a","max_tokens":100000,"ignore_eos":true,"stream":true}`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, r.Body); err == nil {
		t.Error("the stream ended in good order")
	}
	if _, err := http.Get(s.URL() + "/health"); err == nil {
		t.Error("the server still answers")
	}
}
