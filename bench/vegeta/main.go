// Command vegeta sends a request again and again at a steady rate with the library
// of the load generator of that name, for bench/rate.sh.
// Usage: vegeta URL RATE SECONDS BODY
package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/tsenart/vegeta/v12/lib"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "vegeta: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("usage: vegeta URL RATE SECONDS BODY")
	}
	rate, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: http.MethodPost, URL: args[0], Body: []byte(args[3]),
		Header: http.Header{"Content-Type": {"application/json"}}})
	failed := 0
	attacker := vegeta.NewAttacker(vegeta.MaxBody(0))
	for r := range attacker.Attack(target, vegeta.ConstantPacer{Freq: rate, Per: time.Second}, time.Duration(seconds)*time.Second, "") {
		if r.Code != http.StatusOK {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d requests failed", failed)
	}
	return nil
}
