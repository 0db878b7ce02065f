package capture

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// every splits transcripts at every offset: go test ./capture -run Transcripts -every
var every = flag.Bool("every", false, "split the transcripts of real servers at every offset, not at some")

// replayer answers every request with recorded bytes and closes.
type replayer struct {
	net.Listener
	wire []byte
	cut  atomic.Int64 // the bytes go in two writes, the first of so many
	done sync.WaitGroup
}

func newReplayer(t *testing.T, wire []byte) *replayer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &replayer{Listener: l, wire: wire}
	r.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.done.Go(func() { r.answer(c) })
		}
	})
	return r
}

func (r *replayer) answer(c net.Conn) {
	defer c.Close()
	q, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	io.Copy(io.Discard, q.Body) // closing with bytes unread would reset the connection
	cut := int(r.cut.Load())
	c.Write(r.wire[:cut])
	if cut > 0 {
		time.Sleep(200 * time.Microsecond) // so that the proxy mostly sees two reads; nothing hangs on it
	}
	c.Write(r.wire[cut:])
}

func (r *replayer) close() {
	r.Close()
	r.done.Wait()
}

// seen is what a client sees of a response.
func seen(t *testing.T, client *http.Client, url string, q *http.Request, body []byte) string {
	t.Helper()
	out, err := http.NewRequestWithContext(t.Context(), q.Method, url+q.RequestURI, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	out.Header = q.Header.Clone()
	resp, err := client.Do(out)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	for _, hop := range []string{"Connection", "Keep-Alive"} {
		delete(resp.Header, hop)
	}
	return fmt.Sprintf("%s, %v, ended by %v\n%s", resp.Status, resp.Header, err, answer)
}

// TestTranscripts: what real servers said arrives unchanged wherever it is cut
// in two, and is recorded the same.
func TestTranscripts(t *testing.T) {
	wires, err := filepath.Glob("../../shared/sse/*/*.wire.bin")
	if err != nil || len(wires) == 0 {
		t.Skipf("recorded transcripts are not here: %v", err)
	}
	splits := 30
	if testing.Short() {
		splits = 5
	}
	for _, path := range wires {
		name := strings.TrimSuffix(path, ".wire.bin")
		t.Run(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(name), func(t *testing.T) {
			wire, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(name + ".req.http")
			if err != nil {
				t.Fatal(err)
			}
			q, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(q.Body) // what there is of it
			server := newReplayer(t, wire)
			defer server.close()
			transport := &http.Transport{DisableCompression: true}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			want := seen(t, client, "http://"+server.Addr().String(), q, body)
			s := startAt(t, "http://"+server.Addr().String(), nil)
			stride := max(1, len(wire)/splits)
			if *every {
				stride = 1
			}
			for cut := rand.IntN(stride); cut < len(wire); cut += stride {
				server.cut.Store(int64(cut))
				if got := seen(t, client, s.URL(), q, body); got != want {
					t.Fatalf("cut at %d, through the proxy:\n%s\nwithout it:\n%s", cut, got, want)
				}
			}
			rows, _ := stop(t, s)
			recorded := map[string]int{}
			for _, r := range rows {
				recorded[fmt.Sprintln(r.Outcome, r.ErrorType, *r.HTTPStatus, r.ChunkKind, r.ChunkTokens, r.FinishReasons, *r.ResponseBytes)]++
			}
			if len(recorded) != 1 {
				t.Errorf("recorded in %d ways: %v", len(recorded), recorded)
			}
		})
	}
}
