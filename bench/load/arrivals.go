package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// arrivals prints how far the moments of a file are from a steady rate: of each, how
// much later it is than the grid that the earliest one lies on, and of the gaps between
// them, how far they are from the grid's, either way.
func arrivals(path string, rate float64, skip int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var ns []float64
	for line := range strings.Lines(string(text)) {
		v, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		ns = append(ns, v)
	}
	slices.Sort(ns) // connections are read by turns
	ns = ns[min(skip, len(ns)):]
	if len(ns) < 2 {
		return fmt.Errorf("%s: %d arrivals", path, len(ns))
	}
	gap := 1e9 / rate
	late, gaps, earliest := make([]float64, len(ns)), make([]float64, len(ns)-1), math.Inf(1)
	for i := range ns {
		late[i] = ns[i] - float64(i)*gap
		earliest = min(earliest, late[i])
		if i > 0 {
			gaps[i-1] = math.Abs(ns[i] - ns[i-1] - gap)
		}
	}
	for i := range late {
		late[i] -= earliest
	}
	seconds := (ns[len(ns)-1] - ns[0]) / 1e9
	fmt.Printf("%6d arrivals, %.2f/s; late p50 %s p99 %s max %s; gaps off by p50 %s p99 %s max %s\n", len(ns), float64(len(ns)-1)/seconds,
		rank(late, 50), rank(late, 99), rank(late, 100), rank(gaps, 50), rank(gaps, 99), rank(gaps, 100))
	return nil
}

// rank is a percentile, by the nearest rank.
func rank(ns []float64, p int) time.Duration {
	if len(ns) == 0 {
		return 0
	}
	slices.Sort(ns)
	return time.Duration(ns[max(0, (p*len(ns)+99)/100-1)]).Round(time.Microsecond)
}
