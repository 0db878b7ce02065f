package capture

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestUpgrade passes a protocol of its own through, both ways, and half-closes. The
// record ends with the switch, and holds no file open.
func TestUpgrade(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-Websocket-Key") != "k" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		c, in, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-Websocket-Accept: a\r\n\r\nwelcome\n")
		io.Copy(c, in)
		io.WriteString(c, "bye\n")
	}), nil)
	dial := func() (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, "GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\nearly\n")
		in := bufio.NewReader(c)
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Sec-Websocket-Accept") != "a" {
			t.Fatalf("%+v, %v", resp, err)
		}
		for _, want := range []string{"welcome\n", "early\n"} {
			if line, err := in.ReadString('\n'); line != want {
				t.Fatalf("%q, %v", line, err)
			}
		}
		return c, in
	}
	c, in := dial()
	for i := range 100 {
		fmt.Fprintf(c, "%d\n", i)
		if line, err := in.ReadString('\n'); line != fmt.Sprintf("%d\n", i) {
			t.Fatalf("%q, %v", line, err)
		}
	}
	c.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(in); string(rest) != "bye\n" || err != nil {
		t.Errorf("after the half-close: %q, %v", rest, err)
	}
	c.Close()
	// One that is broken off, and one that the end of the capture cuts.
	c, _ = dial()
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	c, in = dial()
	defer c.Close()
	eventually(t, "all are recorded, the open one, too", func() bool { return s.recorder.counts.tally().recorded == 3 })
	s.Rotate()
	eventually(t, "their file is sealed", func() bool { files, _ := Files(s.Dir); return len(files) == 1 })
	if fmt.Fprintln(c, "still"); s.recorder.counts.inFlight.Load() != 1 {
		t.Errorf("%d in flight, want the open one", s.recorder.counts.inFlight.Load())
	}
	if line, err := in.ReadString('\n'); line != "still\n" {
		t.Errorf("%q, %v", line, err)
	}
	s.Drain = 0
	rows, _ := stop(t, s)
	got := ""
	for _, r := range rows {
		got += fmt.Sprintln(r.Outcome, *r.HTTPStatus)
	}
	if got != "ok 101\nok 101\nok 101\n" {
		t.Errorf("rows\n%s", got)
	}
}
