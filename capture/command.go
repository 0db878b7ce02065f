package capture

import (
	"fmt"
	"log"
	"net"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"metron/capture/pcap"
	"metron/internal/descriptors"
	"metron/internal/term"
)

// Command is `metron capture`.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "capture",
		Usage: "stand in front of a server, forward its traffic unchanged, and record it",
		Description: "Forwards every request to the upstream and writes one row a request, with the time of\n" +
			"every chunk, to files in --out. No prompt, answer or credential is kept, unless\n" +
			"--privacy content asks for the first two. Stop it with Ctrl-C.\n\n" +
			"Example, in front of a simulated server:\n\n" +
			"   metron sim --listen 127.0.0.1:8000 & sleep 1\n" +
			"   metron capture --upstream http://127.0.0.1:8000 --listen 127.0.0.1:9000 --out traces",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "upstream", Usage: "base `URL` of the server behind it"},
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:9000", Usage: "`HOST:PORT` to listen on"},
			&cli.DurationFlag{Name: "drain", Value: 30 * time.Second, Usage: "when stopped, how long requests in flight may go on; a second Ctrl-C cuts them"},
			&cli.BoolFlag{Name: "record", Value: true, Usage: "false: forward and write nothing"},
			&cli.StringFlag{Name: "admin", Usage: "answer /healthz, /readyz and /metrics (Prometheus) on this `HOST:PORT`", DefaultText: "nowhere"},
			&cli.IntFlag{Name: "streams", Value: 1000, Usage: "how many requests at once the system's limit of open files must allow"},
		}, slices.Concat(recordingFlags(), tlsFlags())...),
		Subcommands: []*cli.Command{pcap.Command(passive())},
		Action:      run,
	}
}

func run(c *cli.Context) error {
	s, err := configure(c)
	if err != nil {
		return err
	}
	// Traffic, recording and the end of both wait for nobody who reads what is said.
	stdout, stderr := term.NewOutlet(c.App.Writer), term.NewOutlet(c.App.ErrWriter)
	defer stdout.Close()
	defer stderr.Close()
	s.ErrorLog = log.New(stderr, "metron: ", 0)
	told := s.Recording.tell(stdout, stderr)
	// Registered before anything starts: between the first signal and the end
	// there is no moment at which a second one would kill.
	signals, hangup := make(chan os.Signal, 4), make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	// Whoever read our output may be gone: that must not end the traffic.
	signal.Ignore(syscall.SIGPIPE)
	defer signal.Reset(syscall.SIGPIPE)
	defer runtime.KeepAlive(ballast())
	if err := s.Start(); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "capturing on %s, forwarding to %s\n", s.URL(), s.Upstream.Redacted())
	if s.admin != nil {
		fmt.Fprintf(stdout, "admin on http://%s\n", s.admin.listener.Addr())
	}
	progress := term.StartProgress(c.App.ErrWriter, s.Progress)
	count := 0
	for stopped := false; !stopped; {
		select {
		case <-hangup:
			s.Rotate()
			continue
		case <-c.Context.Done():
		case <-signals:
			count = 1
		case err = <-s.Served():
		}
		stopped = true
	}
	closed := make(chan struct{})
	defer close(closed)
	// Before all that may take its time.
	go cutAtSecond(s, signals, count, closed)
	progress.Stop()
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	fmt.Fprintln(stdout, s.Summary())
	return told.outcome(s.Dir, s.recorder.counts.tally().failed, err)
}

// cutAtSecond cuts what is in flight at the second signal. The third is the
// system's again, and kills: the journal keeps what was done.
func cutAtSecond(s *Server, signals chan os.Signal, count int, closed <-chan struct{}) {
	for {
		select {
		case <-signals:
			if count++; count == 2 {
				signal.Stop(signals)
				s.Cut()
			}
		case <-closed:
			return
		}
	}
}

// configure checks every flag before anything is opened.
func configure(c *cli.Context) (*Server, error) {
	if c.Args().Present() {
		return nil, term.Usagef("capture takes no arguments, got %q", c.Args().First())
	}
	if c.String("upstream") == "" {
		return nil, term.WithHint(term.Usagef("--upstream is missing"), "--upstream http://127.0.0.1:8000")
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
	if c.Duration("drain") < 0 {
		return nil, term.Usagef("--drain must not be negative")
	}
	if c.Bool("record") {
		if err := checkOut(c); err != nil {
			return nil, err
		}
	}
	r, err := recordingOf(c)
	if err != nil {
		return nil, err
	}
	serve, err := serverTLS(c)
	if err != nil {
		return nil, err
	}
	ask, err := upstreamTLS(c)
	if err != nil {
		return nil, err
	}
	if ask != nil && u.Scheme != "https" {
		return nil, term.Usagef("--upstream-ca and --upstream-cert are for an https upstream, not %s", u.Redacted())
	}
	if c.Int("streams") < 1 {
		return nil, term.Usagef("--streams %d is less than 1", c.Int("streams"))
	}
	if err := descriptors.Check(c.Int("streams"), 2, "streams", "ask for fewer --streams"); err != nil {
		return nil, err
	}
	return &Server{Recording: r, Upstream: u, Listen: c.String("listen"), Admin: c.String("admin"), Drain: c.Duration("drain"),
		TLS: serve, UpstreamTLS: ask, Unrecorded: !c.Bool("record")}, nil
}
