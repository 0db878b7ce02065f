package schema

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// mergeRuns is how many runs are merged at once: each has a row group in memory.
const mergeRuns = 16

// Builder writes a file of rows that can be had again, an import's or a
// generator's: without a journal, which takes 474 bytes for a row of lengths
// where the file takes 17, to keep what nobody can lose; and in memory for two
// row groups, and about nine bytes a row for what the file's end says of all row
// groups. Each record_id must come once only; a Writer is for rows that come again.
//
// Rows are sorted through a window of two row groups. What arrives too late for
// that begins another run, a sorted file of its own, and the runs are merged in
// the end. Rows of one moment stay in the order of their Put.
type Builder struct {
	path string
	meta Meta
	hold *os.File // the temporary file that is claimed

	window []*Record
	most   int  // rows of the window
	sorted bool // the window is, so far
	bytes  int  // of the window, about

	run    *sortedRun
	levels [][]string // files of runs; a level's are of mergeRuns of the one below it
	made   int        // files so far, for their names
}

// NewBuilder starts a file. Its name must end in ".parquet" and appears only
// when Close has completed it.
func NewBuilder(path string, meta Meta) (*Builder, error) {
	b := &Builder{path: path, meta: meta.fill(), most: 2 * groupRows, sorted: true}
	if filepath.Ext(path) != ".parquet" {
		return nil, fmt.Errorf("create %q: the name of a trace or run ends in .parquet", path)
	}
	if _, err := os.Stat(JournalPath(path)); err == nil {
		return nil, fmt.Errorf("create %q: %q is there: another metron writes it, or one was cut off (`metron recover` completes it)", path, JournalPath(path))
	}
	if err := b.claim(); err != nil {
		return nil, fmt.Errorf("create %q: %w", path, err)
	}
	if err := b.sweep(); err != nil { // what a crash left
		return nil, errors.Join(fmt.Errorf("create %q: %w", path, err), b.release())
	}
	return b, nil
}

// claim makes sure that nobody else builds the file.
func (b *Builder) claim() error {
	for {
		f, err := os.OpenFile(b.temp("claim"), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		claimed, err := claim(f, false)
		switch {
		case err != nil && !errors.Is(err, errors.ErrUnsupported):
			return errors.Join(err, f.Close())
		case err == nil && !claimed:
			return errors.Join(errors.New("another metron writes it"), f.Close())
		case stands(f):
			b.hold = f
			return nil
		}
		f.Close() // who had it removed it in between
	}
}

// temp names a temporary file beside the one that is built.
func (b *Builder) temp(what string) string {
	return filepath.Join(filepath.Dir(b.path), "."+filepath.Base(b.path)+"."+what)
}

// Put takes a row and keeps no reference to it.
func (b *Builder) Put(r *Record) error {
	if err := r.Check(); err != nil {
		return fmt.Errorf("row %s: %w", r.RecordID, err)
	}
	if b.run != nil && r.StartTime < b.run.lastUS {
		if err := b.endRun(); err != nil {
			return err
		}
	}
	if n := len(b.window); n > 0 && r.StartTime < b.window[n-1].StartTime {
		b.sorted = false
	}
	b.window = append(b.window, r.clone())
	b.bytes += r.bytes()
	if len(b.window) < b.most && b.bytes < 2*groupBytes {
		return nil
	}
	return b.write((len(b.window) + 1) / 2)
}

// SetMeta changes the footer that Close will write.
func (b *Builder) SetMeta(change func(*Meta)) { change(&b.meta) }

// write takes the first n rows of the window to the run.
func (b *Builder) write(n int) error {
	if n == 0 {
		return nil
	}
	if !b.sorted {
		slices.SortStableFunc(b.window, func(r, s *Record) int { return cmp.Compare(r.StartTime, s.StartTime) })
		b.sorted = true
	}
	if b.run == nil {
		var err error
		if b.run, err = b.newRun(); err != nil {
			return err
		}
	}
	for _, r := range b.window[:n] {
		b.bytes -= r.bytes()
	}
	err := b.run.writeGroups(b.window[:n])
	b.window = slices.Delete(b.window, 0, n)
	return err
}

// Close completes the file. When it fails nothing is left of it, and what stood
// under its name stands there still.
func (b *Builder) Close() error {
	if err := b.finish(); err != nil {
		return errors.Join(fmt.Errorf("write %q: %w", b.path, err), b.Abandon())
	}
	return b.release()
}

func (b *Builder) finish() error {
	var err error
	if len(b.levels) == 0 { // all in order, as most sources are
		if err = b.write(len(b.window)); err != nil {
			return err
		}
		if b.run == nil {
			if b.run, err = b.newRun(); err != nil {
				return err
			}
		}
		path := b.run.path()
		if err = b.run.close(b.meta); err != nil {
			return err
		}
		return b.publish(path)
	}
	if err = b.endRun(); err != nil {
		return err
	}
	var path string
	for level := 0; level < len(b.levels); level++ {
		paths := b.levels[level]
		if path != "" {
			paths = append(paths, path) // of lower levels, so the youngest
		}
		switch {
		case len(paths) > 1:
			if path, err = b.merge(paths); err != nil {
				return err
			}
		case len(paths) == 1:
			path = paths[0]
		}
	}
	return b.publish(path)
}

// Abandon removes what was written, without making a file. It may follow a
// Close that failed.
func (b *Builder) Abandon() error {
	if b.run != nil {
		b.run.file.Close()
		b.run = nil
	}
	return errors.Join(b.sweep(), b.release())
}

// release gives up the claim.
func (b *Builder) release() error {
	if b.hold == nil {
		return nil
	}
	hold := b.hold
	b.hold = nil
	return removeJournal(hold)
}
