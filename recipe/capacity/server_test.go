//go:build unix

package capacity

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newServer is one whose commands see the test's folder as $D.
func newServer(t *testing.T, start, ready, stop string) (*server, string) {
	dir := t.TempDir()
	t.Setenv("D", dir)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := &server{target: target{Label: "a", URL: "http://" + l.Addr().String(), Start: start, Ready: ready, Stop: stop},
		log: filepath.Join(dir, "logs", "a.log"), readyWithin: 20 * time.Second, stopWithin: 200 * time.Millisecond}
	if stop != "" { // it has to end within that, too
		s.stopWithin = 20 * time.Second
	}
	t.Cleanup(func() { s.down() })
	return s, dir
}

// alive reports whether the process whose id a file has is there.
func alive(t *testing.T, file string) bool {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if syscall.Kill(id, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id)) // nobody may have waited for it
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// TestServerEndsAllItStarted: the command, and what it left in the background.
func TestServerEndsAllItStarted(t *testing.T) {
	const stop = `echo stopping; touch $D/stopped`
	for name, c := range map[string]struct{ start, stop string }{
		"waits":        {`echo up; sleep 600 & echo $! > $D/child; echo $$ > $D/pid; wait`, stop},
		"in the back":  {`sleep 600 & echo $! > $D/child; echo $! > $D/pid`, stop},
		"does not end": {`trap '' TERM; sleep 600 & echo $! > $D/child; echo $$ > $D/pid; while :; do wait; sleep 1; done`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := newServer(t, c.start, `test -s $D/pid`, c.stop)
			if err := s.up(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.down(); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"pid", "child"} {
				gone := false
				for deadline := time.Now().Add(10 * time.Second); !gone && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
					gone = !alive(t, filepath.Join(dir, file))
				}
				if !gone {
					t.Errorf("%s is still there", file)
				}
			}
			if c.stop == "" {
				return
			}
			if _, err := os.Stat(filepath.Join(dir, "stopped")); err != nil {
				t.Errorf("the stop command did not run: %v", err)
			}
			log, err := os.ReadFile(s.log)
			if err != nil || !strings.Contains(string(log), "stopping") {
				t.Errorf("log %q, %v", log, err)
			}
		})
	}
}

func TestServerThatDoesNotStart(t *testing.T) {
	s, _ := newServer(t, "echo no GPU; exit 3", "test -e $D/never", "")
	if err := s.up(t.Context()); err == nil || !strings.Contains(err.Error(), "a ended before it was ready (exit status 3); its log is ") {
		t.Errorf("it ends: %v", err)
	}
	s, _ = newServer(t, "sleep 600", "test -e $D/never", "")
	s.readyWithin = 150 * time.Millisecond
	if err := s.up(t.Context()); err == nil || !strings.Contains(err.Error(), "not ready within 150ms") || s.process != nil {
		t.Errorf("it is never ready: %v", err)
	}
	s, _ = newServer(t, "sleep 600", "test -e $D/never", "")
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, stop)
	if err := s.up(ctx); err != context.Canceled || s.process != nil {
		t.Errorf("interrupted: %v", err)
	}
	s, _ = newServer(t, "sleep 600", "true", "")
	if err := s.up(t.Context()); err == nil || !strings.Contains(err.Error(), "ready at") || s.process != nil {
		t.Errorf("it was there before: %v", err)
	}
}

// TestServerIsAskedAgain: what is there before a second start is seen as before the first.
func TestServerIsAskedAgain(t *testing.T) {
	s, dir := newServer(t, "touch $D/there; exec sleep 600", "test -e $D/there", "rm $D/there")
	for range 2 {
		if err := s.up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.down(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "there"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.up(t.Context()); err == nil || !strings.Contains(err.Error(), "ready at") || s.process != nil {
		t.Errorf("it was there before the second start: %v", err)
	}
}

// TestServerIsReady: a port that is open, where nothing else is asked.
func TestServerIsReady(t *testing.T) {
	s, _ := newServer(t, "", "", "")
	if s.isReady(t.Context()) {
		t.Error("nothing listens")
	}
	s.Ready = "echo and it may print; false"
	if s.isReady(t.Context()) {
		t.Error("the command fails")
	}
	s.Ready = ""
	l, err := net.Listen("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := s.up(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.down(); err != nil {
		t.Error(err)
	}
}
