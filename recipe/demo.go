package recipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"metron/analyze"
	"metron/analyze/plot"
	"metron/capture"
	"metron/internal/llmsim"
	"metron/internal/term"
	"metron/replay"
	"metron/schema"
	"metron/workload"
)

// Demo shows the whole tool on simulated servers.
type Demo struct {
	Dir      string        // folder for everything it makes; must be new or empty
	Duration time.Duration // of the traffic
	RatePerS float64       // its mean rate
	Seed     uint64
	A, B     string // simulator profiles of the two builds
}

// Run does every step, telling out as it goes and progress while one lasts.
func (d Demo) Run(ctx context.Context, out, progress io.Writer) error {
	if err := d.prepare(); err != nil {
		return err
	}
	fmt.Fprintf(out, "1  traffic for %v through capture to build A (simulated, %s)\n", d.Duration, d.A)
	trace, err := d.capture(ctx, progress)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "   captured %s\n", trace)
	fmt.Fprintf(out, "2  that trace, with its own timing, against build B (simulated, %s)\n", d.B)
	run := filepath.Join(d.Dir, "run-b.parquet")
	s, err := d.replay(ctx, trace, run, progress)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "   sent %s requests, %s answered; send lag p99 %s\n", term.Count(s.Sent), term.Count(s.Outcomes[schema.OutcomeOK]),
		term.Seconds(float64(s.Verdict.SendLagP99US)/1e6))
	fmt.Fprintf(out, "   verdict of the run: %s\n", s.Verdict.Status)
	for _, reason := range s.Verdict.Reasons {
		fmt.Fprintf(out, "     %s\n", reason)
	}
	fmt.Fprintf(out, "3  the same questions to both files\n\n")
	a, err := d.analyze(ctx, trace, "a")
	if err != nil {
		return err
	}
	b, err := d.analyze(ctx, run, "b")
	if err != nil {
		return err
	}
	if err := compare(out, column{"A " + d.A, a}, column{"B " + d.B, b}); err != nil {
		return err
	}
	fmt.Fprintf(out, `
plots   %s
        %s
trace   %s
run     %s
The servers are simulated: these figures say nothing of real ones.
next: metron analyze %s --tbt-deadline 25ms
`, filepath.Join(d.Dir, "plots-a"), filepath.Join(d.Dir, "plots-b"), trace, run, run)
	return nil
}

// prepare makes the folder, and refuses one that holds something.
func (d Demo) prepare() error {
	if err := os.MkdirAll(d.Dir, 0o755); err != nil {
		return fmt.Errorf("folder for the demo: %w", err)
	}
	entries, err := os.ReadDir(d.Dir)
	if err != nil {
		return fmt.Errorf("folder for the demo: %w", err)
	}
	if len(entries) > 0 {
		return term.WithHint(fmt.Errorf("folder %q is not empty", d.Dir), "name another with --out")
	}
	return nil
}

// capture sends the traffic through a proxy in front of build A and returns
// the captured trace.
func (d Demo) capture(ctx context.Context, progress io.Writer) (path string, err error) {
	a, err := d.start(d.A)
	if err != nil {
		return "", err
	}
	defer a.Close()
	source := filepath.Join(d.Dir, "traffic.parquet")
	if err := d.write(source); err != nil {
		return "", err
	}
	upstream, err := url.Parse(a.URL())
	if err != nil {
		return "", err
	}
	var sealed []string
	var sealErr error
	proxy := &capture.Server{Upstream: upstream, Listen: "127.0.0.1:0", Drain: 10 * time.Second,
		Recording: capture.Recording{Dir: filepath.Join(d.Dir, "traces"),
			Sealed: func(path string, _ int64, err error) {
				sealed, sealErr = append(sealed, path), errors.Join(sealErr, err)
			}}}
	if err := proxy.Start(); err != nil {
		return "", err
	}
	_, err = d.send(ctx, source, proxy.URL(), filepath.Join(d.Dir, "clients.parquet"), progress)
	if err = errors.Join(err, proxy.Close(), sealErr); err != nil {
		return "", err
	}
	if len(sealed) != 1 {
		return "", fmt.Errorf("the capture made %d files, not 1", len(sealed))
	}
	return sealed[0], nil
}

func (d Demo) replay(ctx context.Context, trace, run string, progress io.Writer) (*replay.Summary, error) {
	b, err := d.start(d.B)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return d.send(ctx, trace, b.URL(), run, progress)
}

func (d Demo) start(profile string) (*llmsim.Server, error) {
	c, err := llmsim.Profile(profile)
	if err != nil {
		return nil, err
	}
	c.Seed = d.Seed
	return llmsim.Start(c, "127.0.0.1:0")
}

// write makes the trace that the clients of build A act out.
func (d Demo) write(path string) error {
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageGenerate})
	if err != nil {
		return err
	}
	if err := (traffic{d.Seed, d.Duration, d.RatePerS}).rows(w.Put); err != nil {
		return errors.Join(err, w.Abandon())
	}
	return w.Close()
}

func (d Demo) send(ctx context.Context, trace, target, run string, progress io.Writer) (*replay.Summary, error) {
	f, err := schema.OpenArchive(trace)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	r := &replay.Runner{Plan: &replay.Plan{Trace: f}, Targets: []*url.URL{u}, Prompt: &workload.Prompter{Extensions: true, Seed: d.Seed}, NoProbe: true, Grace: 5 * time.Second,
		Out: func(m schema.Meta) (*schema.Writer, error) { return schema.Create(run, m) }}
	line := term.StartProgress(progress, r.Progress)
	s, err := r.Run(ctx)
	line.Stop()
	if err == nil && s.Interrupted {
		err = errors.New("interrupted; what was recorded is in " + filepath.Dir(run))
	}
	return s, err
}

func (d Demo) analyze(ctx context.Context, path, name string) (*analyze.Result, error) {
	r, err := analyze.Analyze(ctx, []string{path}, analyze.Config{Drawing: analyze.Drawing{Kinds: []string{"ttft_cdf", "tbt_cdf", "tbt_acceptance", "tokens_over_time"}}})
	if err != nil {
		return nil, err
	}
	_, err = analyze.WriteFigures(filepath.Join(d.Dir, "plots-"+name), plot.Style{}, []plot.Format{plot.PNG, plot.SVG}, r)
	return r, err
}
