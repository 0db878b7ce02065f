//go:build unix

package descriptors

import "syscall"

// Limit is how many files may be open. Go's runtime has raised the
// soft limit to the hard one by then.
func Limit() (limit uint64, known bool) {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 0, false
	}
	return uint64(l.Cur), true // signed on FreeBSD
}
