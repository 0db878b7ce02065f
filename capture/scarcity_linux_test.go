package capture

import (
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestNoDescriptorIsLeft: both whom it keeps from the server and the log are told
// of the limit, those who cannot connect wait, and all goes on once there is room.
func TestNoDescriptorIsLeft(t *testing.T) {
	var told lines
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }),
		func(s *Server) { s.ErrorLog = log.New(&told, "", 0) })
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ask := func() string {
		resp, err := client.Get(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	ask() // opens the client's connection
	waiting, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(waiting)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	lower := func() {
		f, err := os.Open("/dev/null") // gets the lowest number that is free
		if err != nil {
			t.Fatal(err)
		}
		free := uint64(f.Fd())
		f.Close()
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: free, Max: before.Max}); err != nil {
			t.Fatal(err)
		}
	}
	raise := func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Fatal(err)
		}
	}
	defer raise()
	eventually(t, "a request is kept from the server", func() bool {
		lower()
		defer raise()
		return strings.Contains(ask(), "the limit of open files")
	})
	if !strings.Contains(told.String(), "1 requests in flight need two each") {
		t.Errorf("the log says %q", told.String())
	}
	lower()
	said := len(told.String())
	at := s.listener.Addr().(*net.TCPAddr)
	if err := syscall.Connect(waiting, &syscall.SockaddrInet4{Port: at.Port, Addr: [4]byte(at.IP.To4())}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the one that cannot be accepted is told of", func() bool { return strings.Contains(told.String()[said:], "the limit of open files") })
	raise()
	if _, err := syscall.Write(waiting, []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 15)
	if n, err := syscall.Read(waiting, answer); string(answer[:n]) != "HTTP/1.1 200 OK" {
		t.Errorf("the one that waited got %q, %v", answer[:n], err)
	}
	if text := ask(); text != "hello" {
		t.Errorf("then %q", text)
	}
	stop(t, s)
}
