package capture

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

// lines is an output that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// stuck is an output that takes so many lines, and then none until the test has ended.
type stuck struct {
	lines
	left  atomic.Int64
	ended chan struct{}
}

func newStuck(t *testing.T, takes int64) *stuck {
	s := &stuck{ended: make(chan struct{})}
	s.left.Store(takes)
	t.Cleanup(func() { close(s.ended) })
	return s
}

func (s *stuck) Write(p []byte) (int, error) {
	if s.left.Add(-1) < 0 {
		<-s.ended
	}
	return s.lines.Write(p)
}

// pair writes the files of a certificate and its key.
func pair(t *testing.T, c tls.Certificate) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestNobodyReads what the command says: a failed handshake ends, recording that has failed
// goes on once it can, files are sealed while it runs, and it stops when told to.
func TestNobodyReads(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(completion))
	defer upstream.Close()
	ours, roots := identity(t)
	cert, key := pair(t, ours)
	dir := filepath.Join(t.TempDir(), "traces")
	stdout, stderr := newStuck(t, 2), newStuck(t, 0)
	ctx, stopIt := context.WithCancel(t.Context())
	defer stopIt()
	ended := make(chan error, 1)
	go func() {
		app := &cli.App{Commands: []*cli.Command{Command()}, Writer: stdout, ErrWriter: stderr}
		ended <- app.RunContext(ctx, []string{"metron", "capture", "--upstream", upstream.URL, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
			"--cert", cert, "--key", key, "--out", dir, "--rotate-rows", "20"})
	}()
	eventually(t, "it has begun", func() bool { return strings.Count(stdout.String(), "\n") == 2 })
	first, admin, _ := strings.Cut(stdout.String(), "\nadmin on ")
	url := strings.TrimPrefix(strings.Split(first, ", ")[0], "capturing on ")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	passes := func() {
		t.Helper()
		resp, err := client.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	ready := func() string {
		resp, err := http.Get(strings.TrimSpace(admin) + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return string(text)
	}
	for range 2 {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "https://"))
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(c, "no handshake\r\n\r\n")
		if _, err := io.Copy(io.Discard, c); os.IsTimeout(err) {
			t.Error("a handshake that failed keeps its connection")
		}
		c.Close()
	}

	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the loss is seen", func() bool {
		passes()
		time.Sleep(50 * time.Millisecond) // or they are many files to seal
		return strings.Contains(ready(), "not recording")
	})
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it records again", func() bool { return !strings.Contains(ready(), "not recording") })
	for range 30 {
		passes()
	}
	eventually(t, "a file is sealed", func() bool {
		files, _ := Files(dir)
		return len(files) > 0
	})
	stopIt()
	select {
	case <-ended: // in error: rows were lost
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
	}
	if rows, _ := archive(t, dir); len(rows) < 30 {
		t.Errorf("%d rows are sealed", len(rows))
	}
}

// exhausted is a listener without a descriptor for anybody.
type exhausted struct{ net.Listener }

func (exhausted) Accept() (net.Conn, error) { return nil, syscall.EMFILE }

// TestScarcityToNobody: the limit is told of, and no connection waits for who should read it.
func TestScarcityToNobody(t *testing.T) {
	var outlet *term.Outlet
	t.Cleanup(func() { outlet.Close() }) // once its writer is let go
	outlet = term.NewOutlet(newStuck(t, 0))
	scarce := &scarcity{log: log.New(outlet, "", 0), inFlight: new(atomic.Int64)}
	tried := make(chan struct{})
	go func() {
		defer close(tried)
		for range 3 {
			frugal{exhausted{}, scarce}.Accept()
			scarce.told.Store(0) // as if a second had passed
		}
	}()
	select {
	case <-tried:
	case <-time.After(10 * time.Second):
		t.Error("it waits")
	}
}
