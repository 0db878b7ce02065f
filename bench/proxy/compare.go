package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// comparison measures the ways to the server beside each other.
type comparison struct {
	metron string
	beside string // another build; "": none
	quick  bool

	dir string
}

// way is one way to the server; args begin the proxy, none is direct.
type way struct {
	name  string
	args  func(listen, upstream, dir string, cores int) []string
	stuck bool // its recorder hangs
	nginx bool
}

func (c *comparison) ways() []way {
	capture := func(build string, more ...string) func(listen, upstream, dir string, cores int) []string {
		return func(listen, upstream, dir string, _ int) []string {
			return append([]string{build, "capture", "--upstream", "http://" + upstream, "--listen", listen, "--out", dir + "/traces", "--drain", "0s"}, more...)
		}
	}
	ways := []way{{name: "direct"}, {name: "capture, recorder off", args: capture(c.metron, "--record=false")}, {name: "capture", args: capture(c.metron)},
		{name: "capture, recorder stuck", args: capture(c.metron), stuck: true}}
	if c.beside != "" {
		ways = append(ways, way{name: "capture, the other build", args: capture(c.beside)})
	}
	if _, err := exec.LookPath("nginx"); err != nil {
		fmt.Println("nginx is not here: its rows are left out")
		return ways
	}
	return append(ways, way{name: "nginx, no buffering", nginx: true, args: func(listen, upstream, dir string, cores int) []string { return nginx(dir, listen, upstream, cores) }})
}

// place says which cores the proxy and the two ends have.
type place struct {
	name        string
	proxy, ends string
	cores       int
}

func places() []place {
	return []place{{"proxy on one core, the ends on another", "0", "1", 1}, {"all on two cores", "0,1", "0,1", 2}}
}

// in runs do with a folder for what the ways write.
func (c *comparison) in(do func() error) (err error) {
	if c.dir, err = os.MkdirTemp("", "proxy"); err != nil {
		return err
	}
	defer os.RemoveAll(c.dir)
	return do()
}

func (c *comparison) run() error {
	places := places()
	rounds, warm, length := 3, time.Second, 3*time.Second
	if c.quick {
		places, rounds, length = places[1:], 1, 2*time.Second
	}
	for _, p := range places {
		if err := c.latency(p, rounds, warm, length); err != nil {
			return err
		}
		if err := c.highest(p, warm, length/2); err != nil {
			return err
		}
	}
	return c.idle(places[len(places)-1])
}

// with runs do against a server and a way to it.
func (c *comparison) with(p place, w way, serve []string, do func(target) error) error {
	return c.server(p, serve, func(upstream string, _ int) error { return c.through(p, w, upstream, do) })
}

// server runs do while a server listens.
func (c *comparison) server(p place, serve []string, do func(upstream string, pid int) error) error {
	upstream, err := free()
	if err != nil {
		return err
	}
	server, err := start(p.ends, os.Stderr, append([]string{os.Args[0], "serve", "-listen", upstream}, serve...)...)
	if err != nil {
		return err
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	if err := server.ready(upstream); err != nil {
		return err
	}
	return do(upstream, server.Process.Pid)
}

// target is what a load asks, and the processes that it watches meanwhile.
type target struct {
	addr string
	pids []int
}

// through runs do while a way to the server is open.
func (c *comparison) through(p place, w way, upstream string, do func(target) error) error {
	if w.args == nil {
		return do(target{addr: upstream})
	}
	listen, err := free()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.dir, "way")
	if err != nil {
		return err
	}
	args := w.args(listen, upstream, dir, p.cores)
	if w.stuck {
		return stuck(p, args, listen, dir, do)
	}
	proxy, err := start(p.proxy, os.Stderr, args...)
	if err != nil {
		return err
	}
	defer proxy.stop()
	if err := proxy.ready(listen); err != nil {
		return err
	}
	return do(target{listen, proxy.pids})
}

// stuck runs do through a capture whose recorder hangs: its folder is gone, and it
// cannot say so, since nobody reads what it says.
func stuck(p place, args []string, listen, dir string, do func(target) error) error {
	unread, full, err := fullPipe()
	if err != nil {
		return err
	}
	defer unread.Close()
	defer full.Close()
	admin, err := free()
	if err != nil {
		return err
	}
	proxy, err := start(p.proxy, full, append(args, "--admin", admin)...)
	if err != nil {
		return err
	}
	defer func() { proxy.Process.Kill(); proxy.Wait() }() // it would wait for its recorder
	if err := errors.Join(proxy.ready(listen), os.RemoveAll(dir+"/traces")); err != nil {
		return err
	}
	time.Sleep(1500 * time.Millisecond) // it looks for its file once a second
	if err := do(target{listen, proxy.pids}); err != nil {
		return err
	}
	recording, err := scrape(admin, "metron_capture_recording")
	held, heldErr := scrape(admin, "metron_capture_recorder_queue_bytes")
	if err := errors.Join(err, heldErr); err != nil {
		return err
	}
	if recording > 0 || held == 0 {
		return fmt.Errorf("the recorder was not stuck: recording %v, %v bytes wait", recording, held)
	}
	return nil
}

// latency prints what each way adds to a token's time.
func (c *comparison) latency(p place, rounds int, warm, length time.Duration) error {
	ways := c.ways()
	fmt.Printf("\n%s, 50 tokens/s a stream; medians of %d\n%-8s %-24s %9s %9s %11s %11s %12s\n", p.name, rounds,
		"streams", "way", "p50 us", "p99 us", "p50 added", "p99 added", "CPU us/token")
	for _, streams := range []int{20, 100, 300} {
		results := make([][]result, len(ways))
		for range rounds {
			for i, w := range ways {
				r, err := c.once(p, w, streams, warm, length)
				if err != nil {
					return err
				}
				results[i] = append(results[i], r)
			}
		}
		direct50, direct99 := median(results[0], p50), median(results[0], p99)
		for i, w := range ways {
			a, b := median(results[i], p50), median(results[i], p99)
			fmt.Printf("%-8d %-24s %9.0f %9.0f %11.0f %11.0f %12.1f\n", streams, w.name, a, b, a-direct50, b-direct99,
				median(results[i], func(r result) float64 { return r.CPU }))
		}
	}
	return nil
}

// highest raises the number of streams until the p99 that a way adds passes 10 ms.
func (c *comparison) highest(p place, warm, length time.Duration) error {
	fmt.Printf("\n%s: highest tokens/s before the p99 added passes 10 ms\n", p.name)
	ways := c.ways()
	direct := map[int]float64{} // p99 by streams
	for _, w := range ways[1:] {
		if w.stuck {
			continue
		}
		best, after := 0.0, 0.0
		for streams := 400; streams < 4000 && after == 0; streams = streams * 6 / 5 {
			if _, known := direct[streams]; !known {
				r, err := c.once(p, ways[0], streams, warm, length)
				if err != nil {
					return err
				}
				direct[streams] = r.P99
			}
			r, err := c.once(p, w, streams, warm, length)
			if err != nil {
				return err
			}
			rate := float64(r.Tokens) / length.Seconds()
			if r.P99-direct[streams] > 10_000 {
				after = rate
			} else {
				best = rate
			}
		}
		fmt.Printf("%-24s %9.0f (not at %.0f)\n", w.name, best, after)
	}
	return nil
}

// once measures one way with everything started anew.
func (c *comparison) once(p place, w way, streams int, warm, length time.Duration) (r result, err error) {
	err = c.with(p, w, nil, func(t target) (err error) {
		r, err = measure(p.ends, t, streams, warm, length)
		return err
	})
	if err != nil {
		err = fmt.Errorf("%s, %d streams: %w", w.name, streams, err)
	}
	return r, err
}

func p50(r result) float64 { return r.P50 }
func p99(r result) float64 { return r.P99 }

func median(results []result, of func(result) float64) float64 {
	values := make([]float64, len(results))
	for i, r := range results {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
