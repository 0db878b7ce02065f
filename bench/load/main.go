// Command load is what the benches of replay measure it by: a server that answers
// at once and stamps every arrival, alike for each tool that is sent at it; a
// trace of a steady rate; and a client that only reads and discards. bench/rate.sh and
// bench/streams.sh run it; it needs a Unix.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "load: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("want serve, arrivals, trace or bare")
	}
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	rate := f.Float64("rate", 100, "requests a second")
	length := f.Duration("for", 10*time.Second, "how long")
	switch args[0] {
	case "serve":
		s := server{}
		f.StringVar(&s.listen, "listen", "", "address")
		f.StringVar(&s.stamps, "stamps", "", "file for the moments of arrival, ns, written at the end")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return s.run(ctx)
	case "arrivals":
		skip := f.Int("skip", 0, "leave out so many at the beginning: trial requests of the tool")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return arrivals(f.Arg(0), *rate, *skip)
	case "trace":
		tokens := f.Int("tokens", 16, "of each answer")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return trace(*rate, *length, *tokens)
	case "bare":
		b := bare{}
		f.StringVar(&b.target, "target", "", "URL")
		f.IntVar(&b.tokens, "tokens", 0, "of each answer, for the figures")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		b.rate, b.length = *rate, *length
		return b.run(ctx)
	}
	return fmt.Errorf("%q is not serve, arrivals, trace or bare", args[0])
}
