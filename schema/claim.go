package schema

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
)

// A claim is a lock on a journal: its writer holds one until the journal is
// gone, so that nobody recovers what is still being written or sealed. The
// kernel ends it with the process, however that dies.

// createClaimed makes a new file and claims it.
func createClaimed(path string, perm os.FileMode) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if err != nil {
			return nil, err
		}
		if _, err := claim(f, true); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return nil, errors.Join(err, removeJournal(f))
		}
		if stands(f) {
			return f, nil
		}
		f.Close() // a recovery came between, and removed a journal that held nothing
	}
}

// stands reports whether a file still has its name.
func stands(f *os.File) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(f.Name())
	return err == nil && os.SameFile(open, named)
}

// lostName reports whether a file's name is gone or is another's. That it cannot be looked
// at, as when a network's disk hiccups, says neither.
func lostName(f *os.File) bool {
	named, err := os.Stat(f.Name())
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	open, err := f.Stat()
	return err == nil && !os.SameFile(open, named)
}

// removeJournal removes a claimed journal and ends the claim.
func removeJournal(f *os.File) error {
	if runtime.GOOS == "windows" { // removes no open file
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}
	err := os.Remove(f.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // somebody was faster
	}
	return errors.Join(err, f.Close())
}
