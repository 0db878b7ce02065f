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
}

func (b *pair) run() error {
	places := places()
	if b.cores < 1 || b.cores > len(places) || b.rounds < 1 {
		return fmt.Errorf("want 1 or 2 cores and at least one round")
	}
	p := places[b.cores-1]
	ways := slices.DeleteFunc(b.ways(), func(w way) bool { return w.stuck })
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

// measure has the rounds. Ways that take turns do so in reverse every second
// round; a round begins when the machine is quiet, and one in which other programs
// had too much of it is tried again.
func (b *pair) measure(p place, ways []way, upstream int, targets []target) error {
	results := make([][]result, len(ways))
	ours := []int{upstream, os.Getpid()}
	for _, t := range targets {
		ours = append(ours, t.pids...)
	}
	disturbed := 0
	for kept := 0; kept < b.rounds; {
		var round []result
		var err error
		quiet := true
		if b.together {
			round, err = b.atOnce(p, targets)
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

// atOnce has one window of all ways.
func (b *pair) atOnce(p place, targets []target) ([]result, error) {
	round, errs := make([]result, len(targets)), make([]error, len(targets))
	var loads sync.WaitGroup
	for i, t := range targets {
		loads.Go(func() { round[i], errs[i] = measure(p.ends, t, b.streams, time.Second, b.window) })
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

// print gives medians, and of the ratios to the recorder off in the same round
// the quartiles, too.
func (b *pair) print(ways []way, results [][]result) {
	fmt.Printf("%-24s %9s %9s %12s   %-24s %s\n", "way", "p50 us", "p99 us", "CPU us/token", "p99 added over off's", "p99 over off's")
	direct, off := results[0], results[1]
	for i, w := range ways {
		fmt.Printf("%-24s %9.0f %9.0f %12.1f", w.name, median(results[i], p50), median(results[i], p99), median(results[i], func(r result) float64 { return r.CPU }))
		if i > 1 {
			added, whole := make([]float64, b.rounds), make([]float64, b.rounds)
			for n, r := range results[i] {
				added[n], whole[n] = (r.P99-direct[n].P99)/(off[n].P99-direct[n].P99), r.P99/off[n].P99
			}
			fmt.Printf("   %-24s %s", spread(added), spread(whole))
		}
		fmt.Println()
	}
}

// spread is the median of some values and their quartiles.
func spread(values []float64) string {
	slices.Sort(values)
	n := len(values)
	return fmt.Sprintf("%.2f (%.2f to %.2f)", values[n/2], values[n/4], values[n*3/4])
}
