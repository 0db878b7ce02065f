//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package schema

import (
	"errors"
	"os"
	"syscall"
)

// lock claims a journal for this process, which holds the claim until it closes
// the file or dies. It reports whether nobody else has it.
func lock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS) {
		return true, nil // some network file systems have no locks
	}
	return err == nil, err
}
