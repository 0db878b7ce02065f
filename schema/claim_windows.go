package schema

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// claim locks a file until it is closed, and reports whether it could: with
// wait it can once nobody else has it. The lock lies on a byte that no journal
// reaches, since it would keep readers from what it covers.
func claim(f *os.File, wait bool) (bool, error) {
	how := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK)
	if !wait {
		how |= windows.LOCKFILE_FAIL_IMMEDIATELY
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
	switch {
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return false, nil
	case errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_INVALID_FUNCTION):
		return false, fmt.Errorf("lock: %v: %w", err, errors.ErrUnsupported)
	}
	return err == nil, err
}
