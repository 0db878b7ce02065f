package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
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

// sample is what the capture holds at one moment, or in the mean of some.
type sample struct {
	residentMB, heapGoalMB, descriptors, goroutines float64
}

// A soak prints lines, each the mean of so many samples, and seals a file every
// fileLines. What it holds is compared by files, and between their seals, which take
// memory for a while: by the lowest line of each. The first two files are left out, since
// until then the heap grows.
const (
	soakLines, samplesALine = 60, 10
	fileLines               = 5
	warmingFiles            = 2
	comparedFiles           = 3
)

// watch takes a sample of a capture.
func watch(pid int, admin string) (sample, error) {
	goroutines, err := scrape(admin, "go_goroutines")
	goal, goalErr := scrape(admin, "go_memstats_next_gc_bytes")
	return sample{float64(status(pid, "VmRSS")) / 1e3, goal / 1e6, float64(descriptors(pid)), goroutines}, errors.Join(err, goalErr)
}

// fields are the numbers of a sample, to go through.
func (s *sample) fields() []*float64 {
	return []*float64{&s.residentMB, &s.heapGoalMB, &s.descriptors, &s.goroutines}
}

// mean is the mean of samples, field by field.
func mean(samples []sample) (m sample) {
	for _, s := range samples {
		for i, f := range s.fields() {
			*m.fields()[i] += *f / float64(len(samples))
		}
	}
	return m
}

// lowest is the least of samples, field by field.
func lowest(samples []sample) sample {
	m := samples[0]
	for _, s := range samples[1:] {
		for i, f := range s.fields() {
			*m.fields()[i] = min(*m.fields()[i], *f)
		}
	}
	return m
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
	capture, err := start("", os.Stderr, s.metron, "capture", "--upstream", "http://"+upstream, "--listen", listen, "--out", dir+"/traces", "--rotate-every", (s.length * fileLines / soakLines).String(), "--drain", "0s", "--admin", admin)
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
	var samples, lines []sample
	tick := time.NewTicker(max(s.length/(soakLines*samplesALine), 100*time.Millisecond))
	defer tick.Stop()
	begin := time.Now()
	fmt.Printf("%8s %12s %12s %12s %12s\n", "time", "resident MB", "heap goal MB", "descriptors", "goroutines")
	for {
		select {
		case <-tick.C:
			at, err := watch(capture.Process.Pid, admin)
			if err != nil {
				capture.stop()
				return err
			}
			if samples = append(samples, at); len(samples) < samplesALine {
				continue
			}
			line := mean(samples)
			fmt.Printf("%8s %12.1f %12.1f %12.1f %12.1f\n", time.Since(begin).Round(time.Second), line.residentMB, line.heapGoalMB, line.descriptors, line.goroutines)
			lines, samples = append(lines, line), samples[:0]
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
			return report(o.result, lines)
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

// report prints the first and last files of what comes after the warm-up beside
// each other, and is an error if what the capture holds has grown.
func report(r result, lines []sample) error {
	fmt.Printf("tokens %d, answers %d, broken %d (a share is broken on purpose), errors %d (on purpose); p50 %.0f us, p99 %.0f us\n",
		r.Tokens, r.Answers, r.Broken, r.Refused, r.P50, r.P99)
	var files []sample
	for file := range slices.Chunk(lines, fileLines) {
		if len(file) == fileLines {
			files = append(files, lowest(file))
		}
	}
	if len(files) < warmingFiles+2*comparedFiles {
		return fmt.Errorf("%d lines of samples are too few", len(lines))
	}
	first, last := mean(files[warmingFiles:][:comparedFiles]), mean(files[len(files)-comparedFiles:])
	var grown error
	for i, name := range []string{"resident MB", "heap goal MB", "descriptors", "goroutines"} {
		was, is := *first.fields()[i], *last.fields()[i]
		change := is/was - 1
		fmt.Printf("%-12s between seals: %8.1f in the first three files, %8.1f in the last, %+.1f %%\n", name, was, is, 100*change)
		if change > 0.05 {
			grown = errors.Join(grown, fmt.Errorf("%s rose by %.1f %%", name, 100*change))
		}
	}
	// Each stream can be broken by the server only, 5 % of the answers.
	if asked := r.Answers + r.Broken; asked > 0 && float64(r.Broken) > 0.2*float64(asked) {
		return errors.Join(grown, fmt.Errorf("%d of %d answers broke, the server breaks 5 %%", r.Broken, asked))
	}
	return grown
}
