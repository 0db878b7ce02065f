package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
)

// trace prints a trace of a steady rate, in the format of Azure's.
func trace(rate float64, length time.Duration, tokens int) error {
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, "TIMESTAMP,ContextTokens,GeneratedTokens")
	zero := time.Date(2024, 5, 10, 0, 0, 0, 0, time.UTC)
	for i := range int(rate * length.Seconds()) {
		at := zero.Add(time.Duration(float64(i) / rate * 1e9))
		fmt.Fprintf(out, "%s,16,%d\n", at.Format("2006-01-02 15:04:05.000000"), tokens)
	}
	return out.Flush()
}
