package schema

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
)

// mergeRuns is how many runs are merged at once: each has a row group in memory.
const mergeRuns = 16

// Builder writes a file of rows that can be had again, an import's or a
// generator's: without a journal, which would take 28 times the disk (474 bytes a row of lengths) to keep
// what nobody can lose, and in bounded memory whatever the number of rows. Each
// record_id must come once only; a Writer is for rows that come again.
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
	var err error
	if b.hold, err = os.OpenFile(b.temp("claim"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("create %q: %w", path, err)
	}
	if claimed, err := claim(b.hold, false); err == nil && !claimed {
		b.hold.Close()
		return nil, fmt.Errorf("create %q: another metron writes it", path)
	}
	b.sweep() // what a crash left
	return b, nil
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

// endRun completes the run, and merges where a level has enough of them.
func (b *Builder) endRun() error {
	if err := b.write(len(b.window)); err != nil || b.run == nil {
		return err
	}
	path, err := b.run.path(), b.run.close(b.meta)
	b.run = nil
	if err != nil {
		return err
	}
	for level := 0; ; level++ {
		if level == len(b.levels) {
			b.levels = append(b.levels, nil)
		}
		b.levels[level] = append(b.levels[level], path)
		if len(b.levels[level]) < mergeRuns {
			return nil
		}
		if path, err = b.merge(b.levels[level]); err != nil {
			return err
		}
		b.levels[level] = nil
	}
}

// merge makes one run of several, the oldest first, and removes them.
func (b *Builder) merge(paths []string) (string, error) {
	// Opened by name and in order: an archive made of patterns would sort them.
	a := &Archive{}
	defer a.Close()
	for _, path := range paths {
		f, err := Open(path)
		if err != nil {
			return "", err
		}
		a.Files = append(a.Files, f)
	}
	out, err := b.newRun()
	if err != nil {
		return "", err
	}
	var group []*Record
	bytes := 0
	for row, err := range a.Records(context.Background(), Selection{}) {
		if err != nil {
			return "", errors.Join(err, out.file.Close())
		}
		group = append(group, row.Record)
		if bytes += row.bytes(); len(group) == groupRows || bytes >= groupBytes {
			if err := out.writeGroups(group); err != nil {
				return "", errors.Join(err, out.file.Close())
			}
			group, bytes = group[:0], 0
		}
	}
	if err := errors.Join(out.writeGroups(group), out.close(b.meta), a.Close()); err != nil {
		return "", err
	}
	a.Files = nil
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			return "", err
		}
	}
	return out.path(), nil
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

// publish gives the complete file its name.
func (b *Builder) publish(path string) error {
	if err := chmod(path, b.meta.perm()); err != nil {
		return err
	}
	if err := os.Rename(path, b.path); err != nil {
		return err
	}
	return syncFolder(b.path)
}

// chmod gives a file the mode that it would have been created with: less what
// the process's mask takes, which only a new file tells.
func chmod(path string, perm os.FileMode) error {
	f, err := os.OpenFile(path+".mode", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return err
	}
	return os.Chmod(path, info.Mode().Perm())
}

// Abandon removes what was written, without making a file. It may follow a
// Close that failed.
func (b *Builder) Abandon() error {
	if b.run != nil {
		b.run.file.Close()
		b.run = nil
	}
	b.sweep()
	return b.release()
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

// sweep removes runs.
func (b *Builder) sweep() {
	for n := 1; ; n++ {
		if os.Remove(b.temp(fmt.Sprintf("run-%d", n))) != nil && n > b.made {
			return
		}
	}
}

// clone copies a row with all that it points to.
func (r *Record) clone() *Record {
	c := *r
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		switch f.Kind() {
		case reflect.Pointer:
			if !f.IsNil() {
				p := reflect.New(f.Type().Elem())
				p.Elem().Set(f.Elem())
				f.Set(p)
			}
		case reflect.Slice:
			if !f.IsNil() {
				s := reflect.MakeSlice(f.Type(), f.Len(), f.Len())
				reflect.Copy(s, f)
				f.Set(s)
			}
		}
	}
	return &c
}
