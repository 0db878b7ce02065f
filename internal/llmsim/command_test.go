package llmsim

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"metron/internal/term"
)

func app(stdout, stderr io.Writer) *cli.App {
	return &cli.App{
		Name: "metron", Commands: []*cli.Command{Command()}, Writer: stdout, ErrWriter: stderr,
		ExitErrHandler: func(*cli.Context, error) {},
	}
}

func TestCommandServesUntilInterrupted(t *testing.T) {
	ctx, interrupt := context.WithTimeout(t.Context(), 30*time.Second)
	defer interrupt()
	stdout, in := io.Pipe()
	var stderr bytes.Buffer
	done := make(chan error, 1)
	go func() {
		done <- app(in, &stderr).RunContext(ctx, []string{"metron", "sim", "--listen", "127.0.0.1:0",
			"--profile", "instant", "--model", "toy", "--fault-http-error", "1", "--fault-http-status", "418"})
		in.Close()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("%v; standard error: %s", err, stderr.String())
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the first line is %q", line)
	}
	r, err := http.Post(url+"/v1/completions", "application/json", strings.NewReader(`{"model":"toy","prompt":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != 418 {
		t.Errorf("status %d, want the one of --fault-http-status", r.StatusCode)
	}
	interrupt()
	if err := <-done; err != nil {
		t.Errorf("an interrupt ends it with %v", err)
	}
	for _, want := range []string{"simulates", "instant", "1 requests"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("standard error lacks %q: %s", want, stderr.String())
		}
	}
}

func TestCommandUsageErrors(t *testing.T) {
	tests := []struct {
		args string
		want string
	}{
		{"--profile huge", `unknown profile "huge": there are small-gpu, large-gpu, instant`},
		{"--fault-cut 1.5", "fault rate is 1.5"},
		{"--step-tokens 10", "cannot hold a batch of 64"},
		{"--jitter -1", "jitter sigma is -1"},
		{"extra", `no arguments, got "extra"`},
	}
	for _, tt := range tests {
		// Without an address to listen on: it must fail before.
		args := append([]string{"metron", "sim", "--listen", "nowhere"}, strings.Fields(tt.args)...)
		err := app(io.Discard, io.Discard).RunContext(t.Context(), args)
		if err == nil || term.ExitCode(err) != term.ExitUsage || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v (exit %d), want a usage error with %q", tt.args, err, term.ExitCode(err), tt.want)
		}
	}
	err := app(io.Discard, io.Discard).RunContext(t.Context(), []string{"metron", "sim", "--listen", "127.0.0.1:99999"})
	if term.ExitCode(err) != term.ExitFailure || term.Hint(err) == "" {
		t.Errorf("an impossible address: %v (exit %d, hint %q)", err, term.ExitCode(err), term.Hint(err))
	}
}

// TestEverySettingOverridesItsOwnField: no two flags share a field, and each
// reaches it.
func TestEverySettingOverridesItsOwnField(t *testing.T) {
	base, err := Profile("small-gpu")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Config]string{}
	for _, s := range settings() {
		value := "7"
		if _, ok := s.field(new(Config)).(*time.Duration); ok {
			value = "7s"
		}
		config := base
		a := &cli.App{
			Flags: []cli.Flag{s.flag()}, Writer: io.Discard,
			Action: func(c *cli.Context) error { s.apply(c, &config); return nil },
		}
		if err := a.Run([]string{"x", "--" + s.name, value}); err != nil {
			t.Errorf("--%s: %v", s.name, err)
		}
		if config == base {
			t.Errorf("--%s changes nothing", s.name)
		}
		if other, ok := seen[config]; ok {
			t.Errorf("--%s and --%s change the same field", s.name, other)
		}
		seen[config] = s.name
	}
}

func TestProfiles(t *testing.T) {
	for _, name := range Profiles() {
		c, err := Profile(name)
		if err != nil {
			t.Error(err)
		}
		if err := c.withDefaults().check(); err != nil {
			t.Errorf("profile %s: %v", name, err)
		}
	}
	// The two builds differ the way their names say.
	small, _ := Profile("small-gpu")
	large, _ := Profile("large-gpu")
	for _, n := range []int{1, 100, 10000} {
		if s, l := small.Engine.Cost.prefillUS(0, n, true), large.Engine.Cost.prefillUS(0, n, true); s < 1.5*l {
			t.Errorf("a prompt of %d tokens takes %v us on small-gpu and %v on large-gpu", n, s, l)
		}
		if s, l := small.Engine.Cost.decodeUS(8, n), large.Engine.Cost.decodeUS(8, n); s < 1.5*l {
			t.Errorf("a step of 8 takes %v us on small-gpu and %v on large-gpu", s, l)
		}
	}
}
