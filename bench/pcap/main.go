// Command pcap holds the rows of a passive capture against the proxy's or a replay's
// rows of the same traffic: what they say must be equal, and how far their times lie
// apart is printed. Usage: go run ./bench/pcap PROXY.parquet... PASSIVE.parquet
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"metron/schema"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: pcap PROXY.parquet... PASSIVE.parquet")
		os.Exit(2)
	}
	last := len(os.Args) - 1
	if err := compare(os.Args[1:last], os.Args[last:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compare(proxyFiles, passiveFiles []string) error {
	proxy, err := rows(proxyFiles)
	if err != nil {
		return err
	}
	passive, err := rows(passiveFiles)
	if err != nil {
		return err
	}
	differences := map[string][]int64{}
	different, pairs, chunks := 0, 0, 0
	for key, ours := range proxy {
		theirs := passive[key]
		if len(ours) != len(theirs) {
			fmt.Printf("%s: %d rows, %d passive\n", key, len(ours), len(theirs))
			different++
			continue
		}
		for i, a := range ours {
			b := theirs[i]
			pairs++
			chunks += len(a.ChunkTime)
			if x, y := said(a), said(b); x != y {
				fmt.Printf("%s\n          %s\n  passive %s\n", key, x, y)
				different++
				continue
			}
			times(a, b, differences)
		}
	}
	for key := range passive {
		if len(proxy[key]) == 0 {
			fmt.Printf("%s: only passive\n", key)
			different++
		}
	}
	fmt.Printf("%d pairs of rows, %d chunks, %d differ\n", pairs, chunks, different)
	fmt.Printf("%-28s %8s %8s %8s %8s %8s %8s\n", "stamps less packets, us", "count", "min", "p50", "p90", "p99", "max")
	for _, name := range []string{"start", "wrote", "headers", "chunk", "end", "TTFT", "between chunks"} {
		d := differences[name]
		if slices.Sort(d); len(d) > 0 {
			at := func(share float64) int64 { return d[int(share*float64(len(d)-1))] }
			fmt.Printf("%-28s %8d %8d %8d %8d %8d %8d\n", name, len(d), d[0], at(.5), at(.9), at(.99), d[len(d)-1])
		}
	}
	if different > 0 {
		return fmt.Errorf("%d rows differ", different)
	}
	return nil
}

// rows are those of files by what joins them: the response's id, or where there
// is none the path, in the order of their start.
func rows(files []string) (map[string][]*schema.Record, error) {
	all := map[string][]*schema.Record{}
	for _, name := range files {
		f, err := schema.Open(name)
		if err != nil {
			return nil, err
		}
		for r, err := range f.Records() {
			if err != nil {
				return nil, err
			}
			key := r.ResponseID
			if key == "" {
				key = r.Method + " " + r.Path
			}
			all[key] = append(all[key], r)
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// said is what a row says beside its times. An answer that the client left is as
// long as it was where it was looked at.
func said(r *schema.Record) string {
	s := fmt.Sprint(r.API, " ", r.Method, " ", r.Path, " ", r.RequestModel, " ", r.Stream, " ", r.ChoiceCount, " ", r.RequestBytes, " ", r.Outcome, " ", r.ErrorType,
		" ", number(r.HTTPStatus), " ", r.FinishReasons, " ", r.ResponseModel, " ", number(r.InputTokens), " ", number(r.OutputTokens))
	if r.Outcome != schema.OutcomeClientAbort {
		s += fmt.Sprint(" ", r.ChunkKind, r.ChunkTokens, r.ChunkChoice, number(r.ResponseBytes))
	}
	return strings.Join(strings.Fields(s), " ")
}

func number(n *int64) string {
	if n == nil {
		return "null"
	}
	return fmt.Sprint(*n)
}

func times(a, b *schema.Record, differences map[string][]int64) {
	add := func(name string, ours, theirs int64) { differences[name] = append(differences[name], ours-theirs) }
	add("start", a.StartTime, b.StartTime)
	if a.Wrote != nil && b.Wrote != nil {
		add("wrote", a.StartTime+*a.Wrote, b.StartTime+*b.Wrote)
	}
	if a.Headers != nil && b.Headers != nil {
		add("headers", a.StartTime+*a.Headers, b.StartTime+*b.Headers)
	}
	if a.End != nil && b.End != nil && a.Outcome != schema.OutcomeClientAbort {
		add("end", a.StartTime+*a.End, b.StartTime+*b.End)
	}
	if a.Outcome == schema.OutcomeClientAbort {
		return
	}
	for i := range a.ChunkTime {
		add("chunk", a.StartTime+a.ChunkTime[i], b.StartTime+b.ChunkTime[i])
		if i == 0 {
			add("TTFT", a.ChunkTime[0], b.ChunkTime[0])
		} else {
			add("between chunks", a.ChunkTime[i]-a.ChunkTime[i-1], b.ChunkTime[i]-b.ChunkTime[i-1])
		}
	}
}
