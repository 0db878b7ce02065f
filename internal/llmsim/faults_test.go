package llmsim

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	const n = 10
	ask := `{` + hello + `,"max_tokens":10,"ignore_eos":true,"stream":STREAM,"stream_options":OPTIONS}`
	tests := []struct {
		name   string
		faults Faults
		status int
		ends   string // of the stream's shape
		end    error  // of the body
		whole  int    // status without a stream
	}{
		{"http error", Faults{HTTPError: 1, HTTPStatus: 503}, 503, "", nil, 503},
		{"http error by default", Faults{HTTPError: 1}, 500, "", nil, 500},
		{"stream error", Faults{StreamError: 1}, 200, "ced", nil, 500},
		{"cut", Faults{Cut: 1}, 200, "c", io.ErrUnexpectedEOF, 200},
		{"reset", Faults{Reset: 1}, 200, "c", syscall.ECONNRESET, 200},
		{"truncate", Faults{Truncate: 1}, 200, "c", nil, 200},
		{"stall", Faults{Stall: 1, StallFor: time.Millisecond}, 200, "fd", nil, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, Config{Faults: tt.faults})
			// A request each: streamed, and not.
			r := post(t, s, "/v1/chat/completions", strings.NewReplacer("STREAM", "true", "OPTIONS", "{}").Replace(ask))
			if r.StatusCode != tt.status {
				t.Fatalf("status %d, want %d", r.StatusCode, tt.status)
			}
			if tt.status == 200 {
				all, err := events(t, r)
				got := shape(all)
				content := strings.Count(got, "c")
				if !strings.HasSuffix(got, tt.ends) || !errors.Is(err, tt.end) {
					t.Errorf("the stream is %s and ends by %v, want ...%s and %v", got, err, tt.ends, tt.end)
				}
				if broken := tt.ends != "fd"; content == 0 || broken == (content == n) {
					t.Errorf("the stream is %s: %d of %d tokens", got, content, n)
				}
			} else {
				var e event
				if err := json.NewDecoder(r.Body).Decode(&e); err != nil || e.Error == nil || e.Error.Type != "server_error" {
					t.Errorf("error body %+v, %v", e.Error, err)
				}
			}
			r = post(t, s, "/v1/chat/completions", strings.NewReplacer("STREAM", "false", "OPTIONS", "null").Replace(ask))
			body, err := io.ReadAll(r.Body)
			if r.StatusCode != tt.whole || !errors.Is(err, tt.end) {
				t.Errorf("not streamed: status %d, end %v, want %d and %v", r.StatusCode, err, tt.whole, tt.end)
			}
			if broken := tt.ends == "c"; tt.whole == 200 && json.Valid(body) == broken {
				t.Errorf("not streamed: body %q", body)
			}
			waitIdle(t, s)
		})
	}
}

func TestStallHoldsTokensBackOnce(t *testing.T) {
	const stall, n = 100 * time.Millisecond, 1000
	s := start(t, Config{Faults: Faults{Stall: 1, StallFor: stall}})
	began := time.Now()
	all, err := events(t, post(t, s, "/v1/completions", `{"prompt":"a","max_tokens":1000,"ignore_eos":true,"stream":true}`))
	if got := shape(all); err != nil || got != strings.Repeat("c", n)+"fd" {
		t.Errorf("the stream is %s, %v: a stall loses nothing", got, err)
	}
	// A stall at every token after the first one would take a minute.
	if took := time.Since(began); took < stall || took > 5*time.Second {
		t.Errorf("it took %v, the one stall %v", took, stall)
	}
}

func TestFaultsAreAShareDrawnFromTheSeed(t *testing.T) {
	f := Faults{HTTPError: 0.1, StreamError: 0.05, Cut: 0.2, Stall: 0.02}
	const n = 20000
	seen := map[faultKind]int{}
	for i := range uint64(n) {
		a := f.draw(7, i)
		if a != f.draw(7, i) {
			t.Fatal("one seed drew twice")
		}
		seen[a.kind]++
		for _, tokens := range []int{1, 2, 50} {
			if at := a.after(tokens); at < 1 || at > max(1, tokens-1) {
				t.Fatalf("a fault after %d of %d tokens", at, tokens)
			}
		}
	}
	for _, r := range f.rates() {
		if got := float64(seen[r.kind]) / n; got < r.rate*0.85 || got > r.rate*1.15 {
			t.Errorf("fault %d: share %.4f, want %.4f", r.kind, got, r.rate)
		}
	}
}

func TestKeepaliveCommentsComeBeforeTheFirstToken(t *testing.T) {
	s := start(t, Config{
		Keepalive: time.Millisecond,
		Engine:    EngineConfig{Cost: Cost{PrefillUS: 200_000}},
	})
	began := time.Now()
	r := post(t, s, "/v1/chat/completions", `{`+hello+`,"max_tokens":2,"ignore_eos":true,"stream":true}`)
	if r.StatusCode != 200 {
		t.Fatal(r.Status)
	}
	all, err := events(t, r)
	got := shape(all)
	if err != nil || strings.TrimLeft(got, "p") != "rccfd" || !strings.HasPrefix(got, "p") {
		t.Errorf("the stream is %s, %v; want comments, then rccfd", got, err)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("it took %v, the prompt alone 200ms", took)
	}
}
