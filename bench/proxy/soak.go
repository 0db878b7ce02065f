package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// soak runs streams through a capture for long, with clients that leave,
// answers that break and errors among them, and watches what it holds.
type soak struct {
	metron  string
	length  time.Duration
	streams int
}

// sample is what the capture holds at one moment.
type sample struct {
	residentKB, descriptors, goroutines float64
}

// scrape is the sum of a metric that the capture's admin address tells, over its
// labels.
func scrape(admin, name string) (sum float64, err error) {
	resp, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	lines, found := bufio.NewScanner(resp.Body), false
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if _, value, cut := strings.Cut(rest, " "); ok && cut && (rest[0] == '{' || rest[0] == ' ') {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, fmt.Errorf("metric %q: %w", lines.Text(), err)
			}
			sum, found = sum+n, true
		}
	}
	if err := lines.Err(); err != nil || !found {
		return 0, errors.Join(fmt.Errorf("metric %s is not there", name), err)
	}
	return sum, nil
}

func (s *soak) run() error {
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	upstream, err := free()
	if err != nil {
		return err
	}
	listen, err := free()
	if err != nil {
		return err
	}
	admin, err := free()
	if err != nil {
		return err
	}
	server, err := start("", os.Stderr, os.Args[0], "serve", "-listen", upstream, "-faults", "0.05")
	if err != nil {
		return err
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	if err := server.ready(upstream); err != nil {
		return err
	}
	capture, err := start("", os.Stderr, s.metron, "capture", "--upstream", "http://"+upstream, "--listen", listen, "--out", dir+"/traces", "--rotate-every", "5m", "--drain", "0s", "--admin", admin)
	if err != nil {
		return err
	}
	if err := capture.ready(listen); err != nil {
		capture.Process.Kill()
		return err
	}
	type outcome struct {
		result
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		r, err := measure("", target{listen, capture.pids}, s.streams, 0, s.length, "-lenient", "-aborts", "0.1")
		done <- outcome{r, err}
	}()
	var samples []sample
	tick := time.NewTicker(max(s.length/120, time.Second))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			pid := capture.Process.Pid
			goroutines, err := scrape(admin, "go_goroutines")
			if err != nil {
				capture.stop()
				return err
			}
			samples = append(samples, sample{float64(status(pid, "VmRSS")), float64(descriptors(pid)), goroutines})
			continue
		case o := <-done:
			lost := losses(admin)
			err := capture.Process.Signal(os.Interrupt)
			if waitErr := capture.Wait(); err == nil && waitErr != nil {
				err = fmt.Errorf("capture: %w", waitErr)
			}
			if err := errors.Join(err, o.err, lost); err != nil {
				return err
			}
			return report(o.result, samples)
		}
	}
}

// losses is an error if any record was lost.
func losses(admin string) error {
	for _, name := range []string{"metron_capture_records_dropped_total", "metron_capture_write_errors_total"} {
		if n, err := scrape(admin, name); err != nil || n > 0 {
			return errors.Join(fmt.Errorf("%s is %v", name, n), err)
		}
	}
	return nil
}

// report prints the first and last quarter beside each other, without the
// first tenth, in which everything is still warming up.
func report(r result, samples []sample) error {
	fmt.Printf("tokens %d, answers %d, broken %d (a share is broken on purpose), errors %d (on purpose); p50 %.0f us, p99 %.0f us\n",
		r.Tokens, r.Answers, r.Broken, r.Refused, r.P50, r.P99)
	samples = samples[len(samples)/10:]
	quarter := len(samples) / 4
	if quarter == 0 {
		return fmt.Errorf("%d samples are too few", len(samples))
	}
	for _, of := range []struct {
		name string
		of   func(sample) float64
	}{{"resident KB", func(s sample) float64 { return s.residentKB }}, {"descriptors", func(s sample) float64 { return s.descriptors }},
		{"goroutines", func(s sample) float64 { return s.goroutines }}} {
		mean := func(list []sample) (m float64) {
			for _, s := range list {
				m += of.of(s) / float64(len(list))
			}
			return m
		}
		first, last := mean(samples[:quarter]), mean(samples[len(samples)-quarter:])
		fmt.Printf("%-12s first quarter %10.1f, last %10.1f, %+.1f %%\n", of.name, first, last, 100*(last/first-1))
	}
	// Each stream can be broken by the server only, 5 % of the answers.
	if asked := r.Answers + r.Broken; asked > 0 && float64(r.Broken) > 0.2*float64(asked) {
		return fmt.Errorf("%d of %d answers broke, the server breaks 5 %%", r.Broken, asked)
	}
	return nil
}
