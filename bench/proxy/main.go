// Command proxy measures what a proxy in front of a token stream costs: metron
// capture with its recorder on and off, nginx, and nothing in between, in
// rounds one after the other on one machine. bench/proxy.sh and bench/soak.sh
// run it; it reads /proc, so it needs Linux.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "proxy: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("want compare, pair, idle, soak, serve, load or hold")
	}
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	switch args[0] {
	case "compare":
		c := comparison{}
		f.StringVar(&c.metron, "metron", "", "the metron binary")
		f.BoolVar(&c.quick, "quick", false, "one round, short")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return c.in(c.run)
	case "pair":
		b := pair{}
		f.StringVar(&b.metron, "metron", "", "the metron binary")
		f.IntVar(&b.cores, "cores", 2, "of the proxy: 1, the ends on another, or 2 that all share")
		f.IntVar(&b.streams, "streams", 300, "at once")
		f.IntVar(&b.rounds, "rounds", 20, "windows of each way")
		f.DurationVar(&b.window, "window", 3*time.Second, "length of one")
		f.BoolVar(&b.nginx, "nginx", true, "one of the ways is nginx")
		f.StringVar(&b.beside, "beside", "", "another build of metron, whose capture is one of the ways")
		f.BoolVar(&b.together, "together", false, "all ways at once, each with its streams: for a machine that is never quiet")
		f.Float64Var(&b.others, "others", 0.1, "cores that other programs may have in a window: else the round is tried again")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return b.in(b.run)
	case "idle":
		c := comparison{}
		f.StringVar(&c.metron, "metron", "", "the metron binary")
		f.BoolVar(&c.quick, "quick", false, "2,000 streams")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return c.in(func() error { return c.idle(places()[1]) })
	case "hold":
		h := hold{}
		f.StringVar(&h.target, "target", "", "address")
		f.IntVar(&h.streams, "streams", 20, "at once")
		f.IntVar(&h.conns, "conns", 0, "of HTTP/2 that they share; 0: each has its own of HTTP/1.1")
		pids := f.String("pids", "", "processes to watch, with commas between")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		var err error
		if h.pids, err = parsePids(*pids); err != nil {
			return err
		}
		return h.run()
	case "soak":
		s := soak{}
		f.StringVar(&s.metron, "metron", "", "the metron binary")
		f.DurationVar(&s.length, "for", 0, "how long")
		f.IntVar(&s.streams, "streams", 100, "at once")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return s.run()
	case "serve":
		s := server{}
		f.StringVar(&s.listen, "listen", "", "address")
		f.IntVar(&s.tokens, "tokens", 250, "of an answer, on average: they end at different times")
		f.IntVar(&s.rate, "rate", 50, "tokens a second of a stream; 0: one, and then silence")
		f.Float64Var(&s.faults, "faults", 0, "share of answers that are an error, and of those that are cut")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return s.run()
	case "load":
		l := load{}
		f.StringVar(&l.target, "target", "", "address")
		f.IntVar(&l.streams, "streams", 20, "at once")
		f.DurationVar(&l.warm, "warm", 0, "before anything counts")
		f.DurationVar(&l.length, "for", 0, "how long")
		f.Float64Var(&l.aborts, "aborts", 0, "share of answers that are left")
		f.BoolVar(&l.lenient, "lenient", false, "broken answers are expected")
		pids := f.String("pids", "", "processes to watch, with commas between")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		var err error
		if l.pids, err = parsePids(*pids); err != nil {
			return err
		}
		return l.run()
	}
	return fmt.Errorf("%q is not compare, pair, idle, soak, serve, load or hold", args[0])
}
