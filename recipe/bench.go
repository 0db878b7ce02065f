package recipe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"metron/analyze"
	"metron/analyze/plot"
	"metron/analyze/report"
	"metron/internal/term"
	"metron/replay"
	"metron/schema"
	"metron/workload/generate"
)

// Bench makes a load, sends it, and answers what there is to ask, all into one folder.
// Fill the fields, then call Run once.
type Bench struct {
	Dir       string              // must be new or empty
	Generator *generate.Generator // of the trace; nil: Trace has it
	Trace     []string            // files, globs and folders
	Runner    *replay.Runner      // all but its trace and its file
	Settings  func() map[string]any
	Question  analyze.Config
	Command   string // what a shell takes to do this again
	Ask       string // report.Document.Ask
}

// Run does every step. What was done stays in the folder when it is interrupted, and is
// analyzed; the summary says so.
func (b *Bench) Run(ctx context.Context, out, progress io.Writer) (*replay.Summary, error) {
	if err := emptyFolder(b.Dir); err != nil {
		return nil, err
	}
	trace := b.Trace
	if b.Generator != nil {
		b.Generator.Out = b.in("trace.parquet")
		r, err := b.Generator.Run(ctx)
		if err != nil {
			return nil, err
		}
		trace = []string{b.Generator.Out}
		fmt.Fprintf(out, "trace    %s: %s requests\n", b.Generator.Out, term.Count(r.Rows))
	}
	s, err := b.replay(ctx, trace, progress)
	if s == nil || s.Sent == 0 {
		return s, err
	}
	if err != nil {
		return s, err
	}
	fmt.Fprintf(out, "run      %s: %s of %s requests sent\n", b.in("run.parquet"), term.Count(s.Sent), term.Count(s.Planned))
	// An interrupt ends the sending: what was sent is worth an answer.
	return s, b.analyze(context.WithoutCancel(ctx), out)
}

func (b *Bench) in(name string) string { return filepath.Join(b.Dir, name) }

func (b *Bench) replay(ctx context.Context, trace []string, progress io.Writer) (*replay.Summary, error) {
	archive, err := schema.OpenArchive(trace...)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	r := b.Runner
	r.Plan.Trace = archive
	r.Out = func(m schema.Meta) (*schema.Writer, error) {
		settings := b.Settings()
		settings["trace"] = trace
		m.Config, _ = json.Marshal(settings)
		return schema.Create(b.in("run.parquet"), m)
	}
	line := term.StartProgress(progress, r.Progress)
	defer line.Stop()
	return r.Run(ctx)
}

// analyze answers, and writes the answers in every form.
func (b *Bench) analyze(ctx context.Context, out io.Writer) error {
	c := b.Question
	c.Report, c.Drawing.Kinds = true, analyze.FigureNames()
	result, err := analyze.Analyze(ctx, []string{b.in("run.parquet")}, c)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := result.Write(&text, "json"); err != nil {
		return err
	}
	if err := os.WriteFile(b.in("result.json"), text.Bytes(), 0o644); err != nil {
		return err
	}
	if _, err := analyze.WriteFigures(b.in("plots"), plot.Style{}, []plot.Format{plot.PNG, plot.SVG}, result); err != nil {
		return err
	}
	page := result.Document(b.Command)
	page.Ask = b.Ask
	if err := report.WriteFile(b.in("report.html"), page); err != nil {
		return err
	}
	fmt.Fprintf(out, "answers  %s\n\n", strings.Join([]string{b.in("report.html"), b.in("result.json"), b.in("plots")}, ", "))
	return result.Write(out, "text")
}

// emptyFolder makes a folder, and refuses one that holds something.
func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("folder %q: %w", dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("folder %q: %w", dir, err)
	}
	if len(entries) > 0 {
		return term.WithHint(fmt.Errorf("folder %q is not empty", dir), "name another with --out")
	}
	return nil
}
