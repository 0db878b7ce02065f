package capacity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"metron/internal/term"
)

// server is a target that is started for a row of a matrix, in a process group of its
// own so that all that it starts can be ended with it.
type server struct {
	target
	log                     string // file of what it prints
	readyWithin, stopWithin time.Duration

	process *exec.Cmd // nil: not started
	ended   chan error
	file    *os.File
}

// Between two looks whether a server is ready, or gone.
const lookEvery = 100 * time.Millisecond

// up starts it, if there is a command that does, and waits until it is ready.
func (s *server) up(ctx context.Context) error {
	if s.process != nil {
		return nil
	}
	if s.Start != "" && s.isReady(ctx) {
		return term.WithHint(fmt.Errorf("before %s was started something is ready at %s already", s.Label, s.URL), "stop it, or leave `start:` out")
	}
	if s.Start != "" {
		if err := s.begin(); err != nil {
			return err
		}
	}
	if err := s.await(ctx); err != nil {
		_ = s.down() // the first error says more
		return err
	}
	return nil
}

func (s *server) begin() (err error) {
	if s.file, err = openLog(s.log); err != nil {
		return err
	}
	fmt.Fprintf(s.file, "--- %s: %s\n", time.Now().UTC().Format(time.RFC3339), s.Start)
	p := shell(s.Start)
	p.Stdout, p.Stderr = s.file, s.file
	ownGroup(p)
	if err := p.Start(); err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", s.Label, err), s.file.Close())
	}
	s.process, s.ended = p, make(chan error, 1)
	go func() { s.ended <- p.Wait() }()
	return nil
}

// await waits until the server is ready. A start command that ends well has left a server
// in the background.
func (s *server) await(ctx context.Context) error {
	late := time.NewTimer(s.readyWithin)
	defer late.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for !s.isReady(ctx) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.ended:
			if s.ended = nil; err != nil {
				return fmt.Errorf("%s ended before it was ready (%w); its log is %s", s.Label, err, s.log)
			}
		case <-late.C:
			return fmt.Errorf("%s was not ready within %v; its log is %s", s.Label, s.readyWithin, s.log)
		case <-tick.C:
		}
	}
	return nil
}

// isReady asks once.
func (s *server) isReady(ctx context.Context) bool {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	switch {
	case s.Ready == "":
		u, err := url.Parse(s.URL)
		if err != nil {
			return false
		}
		port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
		if err != nil {
			return false
		}
		conn.Close()
		return true
	case strings.HasPrefix(s.Ready, "http://"), strings.HasPrefix(s.Ready, "https://"):
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Ready, nil)
		if err != nil {
			return false
		}
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			return false
		}
		a.Body.Close()
		return a.StatusCode/100 == 2
	}
	return s.command(ctx, s.Ready) == nil
}

// command runs a command of the target to its end.
func (s *server) command(ctx context.Context, text string) error {
	p := shell(text)
	ownGroup(p)
	if s.file != nil {
		p.Stdout, p.Stderr = s.file, s.file
	}
	if err := p.Start(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { endGroup(p, true) })()
	return p.Wait()
}

// down stops what up started, whatever became of it: by the stop command, then by asking
// the process group to end, and at last by ending it.
func (s *server) down() error {
	if s.process == nil {
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), s.stopWithin)
	defer stop()
	var err error
	if s.Stop != "" {
		if err = s.command(ctx, s.Stop); err != nil {
			err = fmt.Errorf("stop %s: %w; its log is %s", s.Label, err, s.log)
		}
	}
	p := s.process
	endGroup(p, false)
	for tick := time.NewTicker(lookEvery); groupLives(p) && ctx.Err() == nil; <-tick.C {
	}
	endGroup(p, true)
	if s.ended != nil {
		<-s.ended
	}
	file := s.file
	s.process, s.ended, s.file = nil, nil, nil
	return errors.Join(err, file.Close())
}
