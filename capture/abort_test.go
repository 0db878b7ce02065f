package capture

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"metron/schema"
)

// TestLeaving: the upstream is told at once of a client that leaves, also while
// it says nothing.
func TestLeaving(t *testing.T) {
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		for _, silent := range []bool{true, false} {
			arrived, cancelled := make(chan struct{}), make(chan struct{})
			var left time.Time
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if !silent {
					io.WriteString(w, event("a"))
					w.(http.Flusher).Flush()
				}
				close(arrived)
				<-r.Context().Done()
				close(cancelled)
			}), change)
			ctx, leave := context.WithCancel(t.Context())
			go func() {
				<-arrived
				left = time.Now()
				leave()
			}()
			resp, err := client.Do(request(t, ctx, http.MethodPost, s.URL()+"/v1/chat/completions", strings.NewReader(chatRequest)))
			if err == nil {
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the client was told %v", err)
			}
			select {
			case <-cancelled:
				t.Logf("silent %v: the upstream was told after at most %v", silent, time.Since(left))
			case <-time.After(10 * time.Second):
				t.Fatal("the upstream still works for a client that left")
			}
			client.CloseIdleConnections()
			if rows, _ := stop(t, s); len(rows) != 1 || rows[0].Outcome != schema.OutcomeClientAbort || rows[0].ClientAbort == nil {
				t.Errorf("silent %v: rows %+v", silent, rows)
			}
		}
	})
}

// TestDyingUpstream: the client sees a broken stream, never a clean end.
func TestDyingUpstream(t *testing.T) {
	sides(t, func(t *testing.T, change func(*Server), client *http.Client) {
		for name, head := range map[string]string{"chunks": "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "length": "Content-Length: 10\r\n\r\nhello"} {
			server := newReplayer(t, []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"+head))
			s := startAt(t, "http://"+server.Addr().String(), change)
			resp, err := client.Do(request(t, t.Context(), http.MethodPost, s.URL()+"/v1/chat/completions", strings.NewReader(chatRequest)))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err == nil || string(text) != "hello" {
				t.Errorf("%s: the client got %q, %v", name, text, err)
			}
			client.CloseIdleConnections()
			if rows, _ := stop(t, s); len(rows) != 1 || rows[0].Outcome != schema.OutcomeTruncated {
				t.Errorf("%s: rows %+v", name, rows)
			}
			server.close()
		}
	})
}

// TestSlowClientIsStall: it holds up its own stream, and its row says how long.
func TestSlowClientIsStall(t *testing.T) {
	const size = 64 << 20 // more than the kernel's buffers take
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 1<<20)
		for range size / len(block) {
			w.Write(block)
		}
	}), nil)
	resp := post(t, s, chatRequest)
	time.Sleep(50 * time.Millisecond) // the wait that must be seen
	n, err := io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if n != size || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if rows, _ := stop(t, s); len(rows) != 1 || rows[0].ClientStall == nil || *rows[0].ClientStall < 10_000 || *rows[0].ClientStall > *rows[0].End {
		t.Errorf("rows %+v", rows)
	}
}
