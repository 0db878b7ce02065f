package view

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

// TestCommand: it prints where the page is, by the name that it was given, serves it, and ends
// with its context.
func TestCommand(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		t.Run(host, func(t *testing.T) { command(t, host) })
	}
}

func command(t *testing.T, host string) {
	path := writeRun(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	app := &cli.App{Name: "metron", Writer: writer, ErrWriter: io.Discard, Commands: []*cli.Command{Command()}}
	ended := make(chan error, 1)
	go func() {
		err := app.RunContext(ctx, []string{"metron", "view", "--listen", host + ":0", path})
		writer.CloseWithError(errors.Join(io.EOF, err))
		ended <- err
	}()
	line := make([]byte, 200)
	n, err := reader.Read(line)
	url := regexp.MustCompile("http://" + regexp.QuoteMeta(host) + `:\d+/`).FindString(string(line[:n]))
	if url == "" {
		t.Fatalf("it printed %q, %v", line[:n], err)
	}
	request, _ := http.NewRequest("GET", url, nil)
	if status, body := get(t, request); status != 200 || !strings.Contains(body, `"live":`) {
		t.Errorf("the page: status %d, %d bytes", status, len(body))
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestCommandLine(t *testing.T) {
	path := writeRun(t)
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{nil, "no file to read", term.ExitUsage},
		{[]string{"--trim", "1s", path}, "--trim", term.ExitUsage},
		{[]string{"--steady", path}, "--steady", term.ExitUsage},
		{[]string{"--sections", "nonsense", path}, "--sections", term.ExitUsage},
		{[]string{"--listen", "127.0.0.1:99999", path}, "99999", term.ExitFailure},
		{[]string{path + ".missing"}, "no such file", term.ExitFailure},
	} {
		app := &cli.App{Name: "metron", Writer: io.Discard, ErrWriter: io.Discard, Commands: []*cli.Command{Command()}, ExitErrHandler: func(*cli.Context, error) {}}
		err := app.RunContext(t.Context(), append([]string{"metron", "view"}, c.args...))
		if err == nil || !strings.Contains(err.Error(), c.want) || term.ExitCode(err) != c.code {
			t.Errorf("view %v: %v (status %d), want %q and %d", c.args, err, term.ExitCode(err), c.want, c.code)
		}
	}
}
