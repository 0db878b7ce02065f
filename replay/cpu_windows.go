package replay

import "syscall"

// cpuUS is the CPU time that this process has taken, us.
func cpuUS() int64 {
	self, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0
	}
	var created, exited, kernel, user syscall.Filetime
	if syscall.GetProcessTimes(self, &created, &exited, &kernel, &user) != nil {
		return 0
	}
	return (ticks(kernel) + ticks(user)) / 10
}

// ticks is a span of time in units of 100 ns.
func ticks(f syscall.Filetime) int64 { return int64(f.HighDateTime)<<32 | int64(f.LowDateTime) }
