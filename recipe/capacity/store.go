package capacity

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"metron/internal/term"
	"metron/schema"
)

// store is the folder of a search: DIR/runs has the runs that are whole, DIR/torn those
// that a crash or a person cut off, which are made again.
type store struct{ dir string }

func (s store) runs() string { return filepath.Join(s.dir, "runs") }
func (s store) torn() string { return filepath.Join(s.dir, "torn") }

// open makes the folder, and puts in order what a crash left.
func (s store) open() error {
	if err := os.MkdirAll(s.runs(), 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	journals, err := schema.Journals(s.runs())
	if err != nil {
		return err
	}
	for _, path := range journals {
		if _, err := schema.Recover(path); errors.Is(err, schema.ErrLive) {
			return term.WithHint(fmt.Errorf("another metron makes the run %q", path), "another --out, or wait for it")
		} else if err != nil {
			return err
		}
	}
	all, err := s.list()
	if err != nil {
		return err
	}
	for _, r := range all {
		if !r.complete(r.meta) {
			if err := s.setAside(r.path); err != nil {
				return err
			}
		}
	}
	return nil
}

// setAside moves a run that is not asked for anything; one that has no file yet is no
// error.
func (s store) setAside(path string) error {
	if !exists(path) {
		return nil
	}
	if err := os.MkdirAll(s.torn(), 0o755); err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(s.torn(), filepath.Base(path)))
}

// stored is a run of the folder.
type stored struct {
	stamp
	path string
	meta schema.Meta
}

// list finds the runs, in the order that they were made.
func (s store) list() ([]stored, error) {
	paths, err := filepath.Glob(filepath.Join(s.runs(), "*.parquet"))
	if err != nil {
		return nil, err
	}
	var out []stored
	for _, path := range paths {
		f, err := schema.Open(path)
		if err != nil {
			return nil, err
		}
		r := stored{path: path, meta: f.Meta()}
		if err := f.Close(); err != nil {
			return nil, err
		}
		var ours bool
		if r.stamp, ours = stampOf(r.meta); ours {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b stored) int { return cmp.Compare(a.meta.TimeZero, b.meta.TimeZero) })
	return out, nil
}

// of finds the runs of a key.
func (s store) of(key string) ([]stored, error) {
	all, err := s.list()
	return slices.DeleteFunc(all, func(r stored) bool { return r.Key != key }), err
}
