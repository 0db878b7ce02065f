//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package schema

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// claim locks a file until it is closed, and reports whether it could: with
// wait it can once nobody else has it. The error is errors.ErrUnsupported where
// the file system has no locks.
func claim(f *os.File, wait bool) (bool, error) {
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		switch err := syscall.Flock(int(f.Fd()), how); {
		case err == nil:
			return true, nil
		case err == syscall.EINTR:
		case err == syscall.EWOULDBLOCK:
			return false, nil
		case err == syscall.ENOLCK || errors.Is(err, errors.ErrUnsupported):
			return false, fmt.Errorf("lock: %v: %w", err, errors.ErrUnsupported)
		default:
			return false, fmt.Errorf("lock: %w", err)
		}
	}
}
