package capture

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"metron/schema"
)

// TestSecondSignal cuts the streams that the first one let go on, and seals.
func TestSecondSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no process can be sent an interrupt there")
	}
	cutBySignals(t, nil, func() {})
}

// cutBySignals interrupts a command with that stderr twice, once it has begun and some more
// was done, and sees what becomes of a stream.
func cutBySignals(t *testing.T, stderr *os.File, begun func()) {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, event("a"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer upstream.Close()
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "capture", "--upstream", upstream.URL, "--listen", "127.0.0.1:0", "--out", dir, "--drain", "1h")
	child.Env = append(os.Environ(), asCommand+"=1", "TERM=xterm")
	if stderr != nil {
		child.Stderr = stderr
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Process.Kill()
	defer time.AfterFunc(time.Minute, func() { child.Process.Kill() }).Stop() // it may never stop by itself
	said := bufio.NewReader(stdout)
	line, _ := said.ReadString('\n')
	url := strings.TrimPrefix(strings.Split(line, ", ")[0], "capturing on ")
	resp, err := http.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, len(event("a")))); err != nil {
		t.Fatal(err)
	}
	begun()
	child.Process.Signal(os.Interrupt)
	eventually(t, "new connections are refused", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	child.Process.Signal(os.Interrupt)
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("the client was told of a clean end")
	}
	rest, _ := io.ReadAll(said)
	if err := child.Wait(); err != nil || !strings.Contains(string(rest), "sealed") {
		t.Errorf("%v, it said %q", err, rest)
	}
	files, err := Files(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	f, err := schema.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r, err := range f.Records() {
		if err != nil || r.Outcome != schema.OutcomeTimeout {
			t.Errorf("%+v, %v", r, err)
		}
	}
}
