package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"metron/internal/term"
	"metron/schema"
)

// overview is what `metron` alone prints: how the commands hand files to each other, and
// which one comes next in a folder.
func overview(w io.Writer, dir string) error {
	screen := term.ScreenOf(w, 80)
	found, unopened := recordings(dir)
	here, next := nextCommands(found, unopened)
	fmt.Fprintf(w, `%s

  capture  ─┐                 ┌ capacity ─► the most requests/s that hold an SLO
  import   ─┼─► trace.parquet ┴ replay ─► run.parquet ┬ analyze ─► numbers, plots
  generate ─┘   trace, inspect                        ├ view ─► report, page to ask
                                                      └ compare ─► better or worse?

%s
`, screen.Head("metron: record LLM traffic with the time of every token, replay it, ask the columns"), here)
	for i, command := range next {
		fmt.Fprintf(w, "%s  %s\n", [2]string{"next:", "     "}[min(i, 1)], screen.Head(command))
	}
	_, err := fmt.Fprint(w, "\n`metron --help` lists all commands, `metron COMMAND --help` has an example of each.\n")
	return err
}

// recording is a file of a folder.
type recording struct {
	name    string
	isRun   bool
	written time.Time
}

// mostRecordings bounds how many files are opened for a line of advice.
const mostRecordings = 100

// recordings are the newest traces and runs of a folder, the newest first, and how many older
// files were not opened; what cannot be read is none.
func recordings(dir string) (found []recording, unopened int) {
	paths, _ := filepath.Glob(filepath.Join(dir, "*.parquet"))
	var all []recording
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			all = append(all, recording{name: path, written: info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b recording) int {
		return cmp.Or(b.written.Compare(a.written), cmp.Compare(a.name, b.name))
	})
	for _, r := range all[:min(len(all), mostRecordings)] {
		f, err := schema.Open(r.name)
		if err != nil {
			continue
		}
		r.name = filepath.Base(r.name)
		r.isRun = f.Meta().Vantage == schema.VantageReplay
		f.Close()
		found = append(found, r)
	}
	return found, max(0, len(all)-mostRecordings)
}

// nextCommands says what is there and what to type.
func nextCommands(found []recording, unopened int) (here string, commands []string) {
	var traces, runs []string
	for _, r := range found {
		if r.isRun {
			runs = append(runs, term.FileWord(r.name))
		} else {
			traces = append(traces, term.FileWord(r.name))
		}
	}
	here = fmt.Sprintf("in this folder: %s, %s", term.Plural(int64(len(traces)), "trace", "traces"), term.Plural(int64(len(runs)), "run", "runs"))
	switch {
	case len(runs) > 1:
		commands = []string{"metron analyze " + runs[0], fmt.Sprintf("metron compare %s %s", runs[1], runs[0])}
	case len(runs) == 1:
		commands = []string{"metron analyze " + runs[0]}
	case len(traces) > 0:
		commands = []string{"metron inspect " + traces[0],
			fmt.Sprintf("metron replay %s --target http://127.0.0.1:8000 --out run.parquet", traces[0])}
	default:
		here = "in this folder: no trace and no run yet"
		commands = []string{"metron demo", "metron capture --upstream http://127.0.0.1:8000 --out traces"}
	}
	if unopened > 0 {
		here += fmt.Sprintf(" among the newest %d files; %s not opened", mostRecordings, term.Plural(int64(unopened), "older one was", "older ones were"))
	}
	return here, commands
}
