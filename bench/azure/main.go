// Command azure writes a CSV shaped like the Azure 2024 trace, of as many rows
// as are wanted: Poisson arrivals at 45 a second, zone +00:00, six digits of a
// second or, on a whole one, none; lognormal lengths.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"
)

func main() {
	rows := flag.Int("rows", 27_300_000, "rows to write")
	late := flag.Float64("late", 0, "share of rows that come late, by up to a minute")
	flag.Parse()
	rng := rand.New(rand.NewPCG(1, 2024))
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	fmt.Fprintln(out, "TIMESTAMP,ContextTokens,GeneratedTokens")
	at := time.Date(2024, 5, 10, 0, 0, 0, 0, time.UTC).UnixMicro()
	var line []byte
	for range *rows {
		at += int64(rng.ExpFloat64() * 1e6 / 45)
		stamp := at
		if *late > 0 && rng.Float64() < *late {
			stamp -= rng.Int64N(60_000_000)
		}
		layout := "2006-01-02 15:04:05.000000+00:00"
		if stamp%1_000_000 == 0 {
			layout = "2006-01-02 15:04:05+00:00"
		}
		line = time.UnixMicro(stamp).UTC().AppendFormat(line[:0], layout)
		line = fmt.Appendf(line, ",%d,%d\n", length(rng, 6.9, 1.1), length(rng, 4.8, 0.9))
		if _, err := out.Write(line); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// length draws a lognormal length, 1 or more.
func length(rng *rand.Rand, mu, sigma float64) int {
	return 1 + int(min(math.Exp(mu+sigma*rng.NormFloat64()), 128_000))
}
