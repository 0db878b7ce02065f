package capture

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"metron/schema"
)

// TestStop: requests in flight end in their own time, or are cut, and both ways
// the files are sealed.
func TestStop(t *testing.T) {
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprintf("cut %v", cut), func(t *testing.T) {
			finish := make(chan struct{})
			s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, event("a"))
				w.(http.Flusher).Flush()
				select {
				case <-finish:
				case <-r.Context().Done():
				}
				io.WriteString(w, "data: [DONE]\n\n")
			}), func(s *Server) { s.Drain = time.Hour })
			resp := post(t, s, chatRequest)
			defer resp.Body.Close()
			closed := make(chan error, 1)
			go func() { closed <- s.Close() }()
			eventually(t, "new connections are refused", func() bool {
				c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
				if err == nil {
					c.Close()
				}
				return err != nil
			})
			if cut {
				s.Cut()
				s.Cut() // once is enough
			} else {
				close(finish)
			}
			_, err := io.ReadAll(resp.Body)
			if (err != nil) != cut {
				t.Errorf("the client was told %v", err)
			}
			if err := <-closed; err != nil {
				t.Fatal(err)
			}
			files, err := Files(s.Dir)
			if err != nil || len(files) != 1 {
				t.Fatalf("files %v, %v", files, err)
			}
			f, err := schema.Open(files[0])
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			want := map[bool]string{false: schema.OutcomeOK, true: schema.OutcomeTimeout}[cut]
			for r, err := range f.Records() {
				if err != nil || r.Outcome != want {
					t.Errorf("%+v, %v", r, err)
				}
			}
		})
	}
}

// TestUnrecorded forwards, and writes nothing.
func TestUnrecorded(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }), func(s *Server) {
		s.Unrecorded, s.Dir = true, "/no/such/folder"
	})
	resp := post(t, s, chatRequest)
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(text) != "hello" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := s.recorder.counts.tally(); n.seen != 1 || n.recorded != 0 {
		t.Errorf("counts %v", n)
	}
}
