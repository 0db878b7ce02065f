package trace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/internal/term"
	"metron/schema"
)

// Job is what every verb has: some files to read, one to write.
type Job struct {
	In    []string // files, globs and folders
	Out   string   // ends in .parquet
	Force bool     // replace Out when it is there

	total   atomic.Int64 // rows of the files, -1 while that is not known
	live    atomic.Int64 // rows read so far
	sealing atomic.Bool
}

// verb is what one subcommand does with the rows.
type verb struct {
	name      string
	selection schema.Selection
	// footer is that of Out, for what has been counted by then.
	footer func(in *union, c Counts) (schema.Meta, error)
	// edit changes a row or says that it is not wanted.
	edit func(r *schema.Record) (keep bool, err error)
	// unwanted says why edit keeps no row: "not in the sample".
	unwanted string
}

// run reads, edits and writes. When it fails there is nothing new under the
// name of Out, and no journal.
func (j *Job) run(ctx context.Context, v verb) (*Report, error) {
	a, err := schema.OpenArchive(j.In...)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if err := checkOut(j.Out, j.Force, a); err != nil {
		return nil, err
	}
	in := &union{archive: a, selection: v.selection}
	c := Counts{}
	if c.Read, err = in.count(ctx); err != nil {
		return nil, err
	}
	j.total.Store(c.Read)
	if err := in.resolve(ctx); err != nil {
		return nil, err
	}
	meta, err := v.footer(in, c)
	if err != nil {
		return nil, err
	}
	w, err := schema.Create(j.Out, meta)
	if err != nil {
		return nil, err
	}
	report := &Report{Out: j.Out, Counts: c, Warnings: []string{}}
	if err := j.copy(ctx, in, v, w, report); err != nil {
		return nil, errors.Join(err, w.Abandon())
	}
	if meta, err = v.footer(in, report.Counts); err != nil {
		return nil, errors.Join(err, w.Abandon())
	}
	w.SetMeta(func(m *schema.Meta) { m.Config, m.Counters = meta.Config, meta.Counters })
	j.sealing.Store(true)
	if err := w.Close(); err != nil {
		if cause := errors.Unwrap(err); cause != nil {
			err = cause // Close's own words promise the journal, which nobody needs: the files are there
		}
		return nil, errors.Join(fmt.Errorf("%s into %q: %w", v.name, j.Out, err), w.Abandon())
	}
	report.Warnings = append(report.Warnings, in.warnings()...)
	return report, report.measure()
}

// checkOut keeps a file from being overwritten unasked, and from being read
// and replaced at once.
func checkOut(out string, force bool, a *schema.Archive) error {
	var reads []string
	for _, f := range a.Files {
		reads = append(reads, f.Path())
	}
	if err := term.Apart(out, reads...); err != nil {
		return err
	}
	if _, err := os.Stat(out); err == nil && !force {
		return term.WithHint(fmt.Errorf("--out %q is there already", out), "choose another name, or --force to replace it")
	}
	return nil
}

// copy takes every row to the writer.
func (j *Job) copy(ctx context.Context, in *union, v verb, w *schema.Writer, report *Report) error {
	c := &report.Counts
	unwanted := int64(0)
	for r, err := range in.rows(ctx) {
		if err != nil {
			return err
		}
		j.live.Add(1)
		keep, err := v.edit(r)
		switch {
		case err != nil:
			return fmt.Errorf("%s %s: row %s: %w", v.name, in.archive.Name(), r.RecordID, err)
		case !keep:
			unwanted++
			continue
		}
		if err := w.Put(r); err != nil {
			return fmt.Errorf("%s %s: %w", v.name, in.archive.Name(), err)
		}
		if c.Kept == 0 {
			report.First = time.UnixMicro(r.StartTime).UTC()
		}
		report.Last = time.UnixMicro(r.StartTime).UTC()
		c.Kept++
	}
	c.SampledOut, c.Repeated, c.Renamed = unwanted, in.repeated, in.renamed
	c.Filtered = c.Read - c.Kept - c.SampledOut - c.Repeated
	if c.Kept == 0 {
		return j.nothing(ctx, in, v, c)
	}
	return nil
}

// nothing says why no row is left.
func (j *Job) nothing(ctx context.Context, in *union, v verb, c *Counts) error {
	if c.Read == 0 {
		return term.WithHint(fmt.Errorf("%s %s: it has no rows", v.name, in.archive.Name()), "`metron inspect FILE` shows what a file holds")
	}
	firstUS, _, err := in.archive.FirstStart()
	if err != nil {
		return err
	}
	fromUS, toUS := v.selection.Window(firstUS)
	lastUS, outside := firstUS, int64(0)
	for b, err := range in.archive.Batches(ctx, schema.Query{Columns: []string{"start_time"}}) {
		if err != nil {
			return err
		}
		for _, at := range b.Column(0).(*array.Timestamp).TimestampValues() {
			lastUS = max(lastUS, int64(at))
			if int64(at) < fromUS || int64(at) >= toUS {
				outside++
			}
		}
	}
	text := fmt.Sprintf("%s %s: no row is left of %s, from %s to %s:", v.name, in.archive.Name(), term.Count(c.Read), wall(firstUS), wall(lastUS))
	between := " "
	say := func(n int64, why string) {
		if n > 0 {
			text += between + term.Count(n) + " " + why
			between = ", "
		}
	}
	say(outside, "outside "+schema.Selection{From: v.selection.From, To: v.selection.To}.String())
	say(c.Filtered-outside, "not "+v.selection.Where.String())
	say(c.SampledOut, v.unwanted)
	return term.WithHint(errors.New(text), "widen --from, --to, --where or --sample")
}

func wall(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339Nano) }

// Progress is the live line.
func (j *Job) Progress() string {
	switch {
	case j.sealing.Load():
		return fmt.Sprintf("sorting and writing, %s rows read", term.Count(j.live.Load()))
	case j.live.Load() == 0:
		return "looking through the files"
	}
	return fmt.Sprintf("read %s of %s rows", term.Count(j.live.Load()), term.Count(j.total.Load()))
}
