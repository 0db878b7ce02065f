//go:build unix

package replay

import "syscall"

// cpuUS is the CPU time that this process has taken, us.
func cpuUS() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return (u.Utime.Nano() + u.Stime.Nano()) / 1000
}
