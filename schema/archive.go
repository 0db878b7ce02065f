package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Archive is one or more files read as one population: the files of a capture
// that rotated, several runs, or one file alone.
type Archive struct {
	Files []*File // in the order of their names as given; those of a glob or folder sorted
}

// OpenArchive opens the files that names stand for: a file, a glob such as
// "traces/*.parquet", or a folder, which stands for the .parquet files in it
// and the journals that have no such file yet.
func OpenArchive(names ...string) (*Archive, error) {
	paths, err := Paths(names...)
	if err != nil {
		return nil, err
	}
	a := &Archive{}
	for _, path := range paths {
		f, err := Open(path)
		if err != nil {
			return nil, errors.Join(err, a.Close())
		}
		a.Files = append(a.Files, f)
	}
	return a, nil
}

// Paths are the files that names stand for, as OpenArchive takes them, each once:
// for a job that goes on where one of them cannot be opened.
func Paths(names ...string) ([]string, error) {
	if len(names) == 0 {
		return nil, errors.New("open: no file was named")
	}
	var paths []string
	for _, name := range names {
		found, err := expandOne(name)
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths, nil
}

func expandOne(name string) ([]string, error) {
	switch info, err := os.Stat(name); {
	case err == nil && info.IsDir():
		return filesIn(name)
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(name, "*?["):
		found, err := filepath.Glob(name)
		if err != nil {
			return nil, fmt.Errorf("open %q: %w", name, err)
		}
		found = slices.DeleteFunc(found, func(path string) bool { return sealedAlready(path) })
		if len(found) == 0 {
			return nil, fmt.Errorf("open %q: no file has such a name", name)
		}
		return found, nil
	}
	return []string{name}, nil // Open says what is wrong with it
}

func filesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", dir, err)
	}
	var paths []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		hidden := strings.HasPrefix(e.Name(), ".") // a Parquet file that is being written
		ours := strings.HasSuffix(path, ".parquet") || strings.HasSuffix(path, journalExt)
		if !e.IsDir() && !hidden && ours && !sealedAlready(path) {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("open %q: the folder holds no .parquet file and no journal", dir)
	}
	return paths, nil
}

// sealedAlready reports whether path is a journal whose Parquet file stands
// beside it: both at once would count each row twice.
func sealedAlready(path string) bool {
	base, journal := strings.CutSuffix(path, journalExt)
	if !journal {
		return false
	}
	_, err := os.Stat(base + ".parquet")
	return err == nil
}

// Close closes every file.
func (a *Archive) Close() error {
	var err error
	for _, f := range a.Files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// NumRows is the number of rows of all files; -1 where a journal is among
// them, which knows only once it was read.
func (a *Archive) NumRows() int64 {
	rows := int64(0)
	for _, f := range a.Files {
		n := f.NumRows()
		if n < 0 {
			return -1
		}
		rows += n
	}
	return rows
}

// Name is what messages call the archive.
func (a *Archive) Name() string {
	if len(a.Files) == 1 {
		return fmt.Sprintf("%q", a.Files[0].Path())
	}
	return fmt.Sprintf("%d files, %q first", len(a.Files), a.Files[0].Path())
}

// Digest is the SHA-256 of the archive, in hex: that of its file, or of the
// digests of its files in order.
func (a *Archive) Digest() (string, error) {
	all := sha256.New()
	for _, f := range a.Files {
		one, err := f.Digest()
		if err != nil || len(a.Files) == 1 {
			return one, err
		}
		fmt.Fprintln(all, one)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// FirstStart is the earliest start_time, us since the Unix epoch: a_0, the
// moment that offsets count from. ok is false where there are no rows.
func (a *Archive) FirstStart() (us int64, ok bool, err error) {
	us = math.MaxInt64
	for _, f := range a.Files {
		first, has, err := f.firstStart()
		if err != nil {
			return 0, false, fmt.Errorf("read %q: %w", f.path, err)
		}
		if has && first < us {
			us, ok = first, true
		}
	}
	return us, ok, nil
}

func (f *File) firstStart() (us int64, ok bool, err error) {
	// Rows are sorted, so the first one says it.
	for b, err := range f.Batches("start_time") {
		if err != nil {
			return 0, false, err
		}
		if b.NumRows() > 0 {
			return startTimes(b.Record, 0)[0], true, nil
		}
	}
	return 0, false, nil
}
