package capture

import (
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"metron/capture/pcap"
	"metron/internal/exchange"
	"metron/internal/term"
	"metron/schema"
)

// Command is `metron capture`.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "capture",
		Usage: "stand in front of a server, forward its traffic unchanged, and record it",
		Description: "Forwards every request to the upstream and writes one row a request, with the time of\n" +
			"every chunk, to files in --out. No prompt, answer or credential is kept\n" +
			"(an error message is, in the server's words). Stop it with Ctrl-C.\n\n" +
			"Example, in front of a simulated server:\n\n" +
			"   metron sim --listen 127.0.0.1:8000 & sleep 1\n" +
			"   metron capture --upstream http://127.0.0.1:8000 --listen 127.0.0.1:9000 --out traces",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "upstream", Usage: "base `URL` of the server behind it"},
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:9000", Usage: "`HOST:PORT` to listen on"},
			&cli.StringFlag{Name: "out", Usage: "`DIR` for the trace files"},
			&cli.DurationFlag{Name: "rotate-every", Value: time.Hour, Usage: "start a new file after this long; 0: never"},
			&cli.Int64Flag{Name: "rotate-rows", Usage: "start a new file after this many rows; 0: never"},
			&cli.StringFlag{Name: "rotate-size", Usage: "start a new file after about this `SIZE` has been journalled, such as 512MiB", DefaultText: "never"},
			&cli.DurationFlag{Name: "flush", Value: 200 * time.Millisecond, Usage: "how long a row may stay in memory, where a crash of metron loses it"},
			&cli.StringSliceFlag{Name: "session-by", Usage: "what names the session of a request, the surest first: `SOURCE` is header:NAME, user, conversation or previous_response; the name is kept as a keyed hash"},
			exchange.TokenizerFlag(),
			&cli.StringFlag{Name: "admin", Usage: "answer /healthz, /readyz and /metrics (Prometheus) on this `HOST:PORT`", DefaultText: "nowhere"},
			&cli.DurationFlag{Name: "drain", Value: 30 * time.Second, Usage: "when stopped, how long requests in flight may go on"},
		},
		Subcommands: []*cli.Command{pcap.Command(passive())},
		Action:      run,
	}
}

func run(c *cli.Context) error {
	s, err := configure(c)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	unsealed := map[string]error{} // by file
	s.Sealed = func(path string, rows int64, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			fmt.Fprintf(c.App.ErrWriter, "metron: %v\n", err)
			unsealed[path] = err
			return
		}
		delete(unsealed, path)
		fmt.Fprintf(c.App.Writer, "sealed %s: %s rows\n", path, term.Count(rows))
	}
	s.Recovered = func(r schema.Recovery, err error) {
		switch {
		case err != nil:
			fmt.Fprintf(c.App.ErrWriter, "metron: an earlier capture was cut off: %v\n", err)
		case r.DamagedBytes > 0:
			fmt.Fprintf(c.App.ErrWriter, "metron: an earlier capture's journal was damaged: %s has %s rows of it, it is kept as %s\n", r.File, term.Count(r.Rows), r.Kept)
		case r.File != "":
			fmt.Fprintf(c.App.Writer, "recovered %s: %s rows of a capture that was cut off\n", r.File, term.Count(r.Rows))
		}
	}
	s.Warn = func(err error) {
		if err != nil {
			fmt.Fprintf(c.App.ErrWriter, "metron: not recording, traffic goes on: %v\n", err)
			return
		}
		fmt.Fprintln(c.App.ErrWriter, "metron: recording again")
	}
	if err := s.Start(); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "capturing on %s, forwarding to %s\n", s.URL(), s.Upstream.Redacted())
	if s.admin != nil {
		fmt.Fprintf(c.App.Writer, "admin on http://%s\n", s.admin.listener.Addr())
	}
	progress := term.StartProgress(c.App.ErrWriter, s.Progress)
	select {
	case <-c.Context.Done():
	case err = <-s.Served():
	}
	progress.Stop()
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	n := s.recorder.counts.values()
	fmt.Fprintf(c.App.Writer, "requests seen %s, recorded %s, dropped %s, failed %s\n",
		term.Count(n["seen"]), term.Count(n["recorded"]), term.Count(n["dropped"]), term.Count(n["failed"]))
	for _, sealErr := range unsealed {
		return term.WithHint(fmt.Errorf("not every file could be sealed: %w", sealErr), "the journal holds what reached the disk; once there is room, `metron recover %s` completes it", s.Dir)
	}
	if err == nil && n["failed"] > 0 {
		err = fmt.Errorf("%d requests could not be recorded", n["failed"])
	}
	return err
}

// configure checks every flag before anything is opened.
func configure(c *cli.Context) (*Server, error) {
	if c.Args().Present() {
		return nil, term.Usagef("capture takes no arguments, got %q", c.Args().First())
	}
	if c.String("upstream") == "" {
		return nil, term.WithHint(term.Usagef("--upstream is missing"), "--upstream http://127.0.0.1:8000")
	}
	if c.String("out") == "" {
		return nil, term.WithHint(term.Usagef("--out is missing"), "--out traces")
	}
	u, err := url.Parse(c.String("upstream"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, term.WithHint(term.Usagef("--upstream %q is not an http or https URL", term.RedactURL(c.String("upstream"))), "--upstream http://127.0.0.1:8000")
	}
	if u.User != nil || u.RawQuery != "" {
		return nil, term.Usagef("--upstream must not carry credentials or a query; clients send their own")
	}
	if _, _, err := net.SplitHostPort(c.String("listen")); err != nil {
		return nil, term.Usagef("--listen %q is not HOST:PORT: %w", c.String("listen"), err)
	}
	if admin := c.String("admin"); admin != "" {
		if _, _, err := net.SplitHostPort(admin); err != nil {
			return nil, term.Usagef("--admin %q is not HOST:PORT: %w", admin, err)
		}
	}
	if c.Duration("rotate-every") < 0 || c.Int64("rotate-rows") < 0 || c.Duration("drain") < 0 {
		return nil, term.Usagef("--rotate-every, --rotate-rows and --drain must not be negative")
	}
	if c.Duration("flush") < time.Millisecond {
		return nil, term.Usagef("--flush %v is shorter than 1ms", c.Duration("flush"))
	}
	size := int64(0)
	if text := c.String("rotate-size"); text != "" {
		if size, err = term.ParseBytes(text); err != nil {
			return nil, term.Usagef("--rotate-size: %w", err)
		}
	}
	sessionBy := c.StringSlice("session-by")
	if err := checkSources(sessionBy); err != nil {
		return nil, err
	}
	tokens, countBy, err := exchange.Counters(c)
	if err != nil {
		return nil, err
	}
	if u.Path == "/" {
		u.Path = ""
	}
	return &Server{Upstream: u, Listen: c.String("listen"), Admin: c.String("admin"), Dir: c.String("out"), RotateEvery: c.Duration("rotate-every"),
		RotateRows: c.Int64("rotate-rows"), RotateBytes: size, Flush: c.Duration("flush"), Drain: c.Duration("drain"), SessionBy: sessionBy,
		Tokenizer: tokens, CountBy: countBy}, nil
}
