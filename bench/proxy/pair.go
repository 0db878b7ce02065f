package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// pair measures all ways at one load in short windows, through one server and
// proxies that are started once, so that what drifts from minute to minute falls on
// all of them alike: they take turns, or, where the machine is never quiet, pass
// traffic all at once, so that what disturbs one disturbs the others.
type pair struct {
	comparison
	cores    int // of the proxy: 1, the ends on another, or 2 that all share
	streams  int // of each way
	rounds   int
	window   time.Duration
	others   float64 // cores that other programs may have in a window, where ways take turns
	together bool
	nginx    bool // it is one of the ways
}

func (b *pair) run() error {
	places := places()
	if b.cores < 1 || b.cores > len(places) || b.rounds < 2 {
		return fmt.Errorf("want 1 or 2 cores and two rounds or more")
	}
	p := places[b.cores-1]
	ways := slices.DeleteFunc(b.ways(), func(w way) bool { return w.stuck || w.nginx && !b.nginx })
	return b.server(p, nil, func(upstream string, pid int) error {
		return b.open(p, ways, upstream, nil, func(targets []target) error { return b.measure(p, ways, pid, targets) })
	})
}

// open runs do with all ways open.
func (b *pair) open(p place, ways []way, upstream string, targets []target, do func([]target) error) error {
	if len(targets) == len(ways) {
		return do(targets)
	}
	return b.through(p, ways[len(targets)], upstream, func(t target) error {
		return b.open(p, ways, upstream, append(targets, t), do)
	})
}

// measure has the rounds, every second one in reverse. Where ways take turns a
// round begins when the machine is quiet, and one in which other programs had too
// much of it is tried again.
func (b *pair) measure(p place, ways []way, upstream int, targets []target) error {
	results := make([][]result, len(ways))
	ours := []int{upstream, os.Getpid()}
	for _, t := range targets {
		ours = append(ours, t.pids...)
	}
	disturbed := 0
	if !b.together {
		fmt.Fprintf(os.Stderr, "each round waits until other programs have less than %.0f %% of a core; -together does not\n", 100*b.others)
	}
	for kept := 0; kept < b.rounds; {
		var round []result
		var err error
		quiet := true
		if b.together {
			round, err = b.atOnce(p, targets, kept%2 == 1)
		} else {
			for others(ours, func() { time.Sleep(500 * time.Millisecond) }) > b.others {
				time.Sleep(time.Second)
			}
			round, quiet, err = b.inTurn(p, targets, ours, kept%2 == 1)
		}
		if err != nil {
			return err
		}
		if !quiet {
			disturbed++
			continue
		}
		for i, r := range round {
			results[i] = append(results[i], r)
		}
		kept++
	}
	fmt.Printf("%s, %d streams of 50 tokens/s a way; %d rounds of %v windows", p.name, b.streams, b.rounds, b.window)
	if b.together {
		fmt.Println(", all ways at once")
	} else {
		fmt.Printf(", %d were left out since other programs had over %.0f %% of a core\n", disturbed, 100*b.others)
	}
	b.print(ways, results)
	return nil
}

// inTurn has a window of each way.
func (b *pair) inTurn(p place, targets []target, ours []int, reverse bool) (round []result, quiet bool, err error) {
	round = make([]result, len(targets))
	for i := range targets {
		if reverse {
			i = len(targets) - 1 - i
		}
		if others(ours, func() { round[i], err = measure(p.ends, targets[i], b.streams, time.Second, b.window) }) > b.others || err != nil {
			return nil, false, err
		}
	}
	return round, true, nil
}

// atOnce has one window of all ways. The server serves first whose streams came
// first.
func (b *pair) atOnce(p place, targets []target, reverse bool) ([]result, error) {
	round, errs := make([]result, len(targets)), make([]error, len(targets))
	var loads sync.WaitGroup
	for i := range targets {
		if reverse {
			i = len(targets) - 1 - i
		}
		loads.Go(func() { round[i], errs[i] = measure(p.ends, targets[i], b.streams, time.Second, b.window) })
		time.Sleep(100 * time.Millisecond)
	}
	loads.Wait()
	return round, errors.Join(errs...)
}

// others is how many cores the machine used while do ran, beside ours.
func others(ours []int, do func()) float64 {
	began, all, mine := time.Now(), machineTime(), cpuTime(ours)+childrenTime()
	do()
	theirs := machineTime() - all - (cpuTime(ours) + childrenTime() - mine)
	return theirs.Seconds() / time.Since(began).Seconds()
}

// print gives medians, and of the ratios to the recorder off in the same two
// rounds, there and back, the quartiles, too.
func (b *pair) print(ways []way, results [][]result) {
	fmt.Printf("%-24s %9s %9s %12s   %-22s %-22s %s\n", "way", "p50 us", "p99 us", "CPU us/token", "p50 over off's", "p99 over off's", "p99 added over off's")
	direct, off := results[0], results[1]
	for i, w := range ways {
		way := results[i]
		fmt.Printf("%-24s %9.0f %9.0f %12.1f", w.name, median(way, p50), median(way, p99), median(way, func(r result) float64 { return r.CPU }))
		if i > 1 {
			fmt.Printf("   %-22s %-22s %s", ratios(way, off, nil, p50), ratios(way, off, nil, p99), ratios(way, off, direct, p99))
		}
		fmt.Println()
	}
}

// ratios are those of a figure of two ways, less what it is without any where
// direct is not nil: their median and quartiles.
func ratios(way, off, direct []result, of func(result) float64) string {
	var values []float64
	for n := 0; n+1 < len(way); n += 2 {
		base := 0.0
		if direct != nil {
			base = of(direct[n]) + of(direct[n+1])
		}
		values = append(values, (of(way[n])+of(way[n+1])-base)/(of(off[n])+of(off[n+1])-base))
	}
	slices.Sort(values)
	n := len(values)
	return fmt.Sprintf("%.2f (%.2f to %.2f)", (values[(n-1)/2]+values[n/2])/2, values[n/4], values[n*3/4])
}
