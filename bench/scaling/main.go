// Command scaling draws how long `metron analyze` takes and how much memory, as files grow.
// It reads lines of millions of tokens, seconds and MiB, as they stand in
// docs/performance.md, and draws into a folder.
//
//	go run ./bench/scaling docs/images <<<$'1 0.12 62\n10 0.53 75'
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"metron/analyze/plot"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("want the folder for the pictures")
	}
	if err := draw(os.Stdin, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func draw(in io.Reader, dir string) error {
	measured, linear := plot.Curve{Name: "measured"}, plot.Curve{Name: "in proportion, from 50 M"}
	memory, limit := plot.Curve{Name: "peak memory"}, plot.Curve{Name: "512 MiB"}
	for {
		var tokens, seconds, mib float64
		if _, err := fmt.Fscan(in, &tokens, &seconds, &mib); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("want lines of millions of tokens, seconds and MiB: %w", err)
		}
		measured.X, measured.Y = append(measured.X, tokens), append(measured.Y, seconds)
		memory.X, memory.Y = append(memory.X, tokens), append(memory.Y, mib)
		limit.X, limit.Y = append(limit.X, tokens), append(limit.Y, 512)
		if tokens == 50 {
			linear.X = []float64{5, 500}
			linear.Y = []float64{seconds / 10, seconds * 10}
		}
	}
	for name, lines := range map[string]plot.Lines{
		"analyze_time":   {Title: "metron analyze, from the Parquet file", YLabel: "seconds", Curves: []plot.Curve{measured, linear}},
		"analyze_memory": {Title: "metron analyze: peak memory", YLabel: "MiB", Curves: []plot.Curve{memory, limit}},
	} {
		lines.Subtitle = "250 tokens a request, two cores, medians of three"
		lines.XLabel = "millions of tokens"
		lines.LogX, lines.LogY = true, true
		figure, err := lines.Figure(plot.Style{Size: plot.Column})
		if err != nil {
			return err
		}
		if _, err := figure.Write(dir, name, plot.PNG, plot.SVG); err != nil {
			return err
		}
	}
	return nil
}
