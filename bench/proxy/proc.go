package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func parsePids(text string) (pids []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("process %q: %w", part, err)
		}
		pids = append(pids, n)
	}
	return pids, nil
}

// children are the processes that a process started, and itself.
func children(pid int) []int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	pids := []int{pid}
	for _, field := range strings.Fields(string(text)) {
		if n, err := strconv.Atoi(field); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

// tick is the unit of /proc's times: USER_HZ, 100 wherever Go runs on Linux.
const tick = 10 * time.Millisecond

// cpuTime is what processes have used, user and system.
func cpuTime(pids []int) (total time.Duration) {
	for _, pid := range pids {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, after, _ := strings.Cut(string(text), ") ") // the name may hold spaces
		fields := strings.Fields(after)
		if len(fields) > 12 {
			user, _ := strconv.ParseInt(fields[11], 10, 64)
			system, _ := strconv.ParseInt(fields[12], 10, 64)
			total += time.Duration(user+system) * tick
		}
	}
	return total
}

// childrenTime is what the children that have ended used.
func childrenTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machineTime is what everything on the machine has used, and what its host took.
// Interrupts are no program's.
func machineTime() (total time.Duration) {
	text, _ := os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(first)
	for _, i := range []int{1, 2, 3, 8} { // user, nice, system, steal
		if i < len(fields) {
			n, _ := strconv.ParseInt(fields[i], 10, 64)
			total += time.Duration(n) * tick
		}
	}
	return total
}

// status is a figure of /proc/PID/status, such as VmRSS (KB) or Threads.
func status(pid int, name string) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

// resident is the memory that processes hold, KB.
func resident(pids []int) (total int64) {
	for _, pid := range pids {
		total += status(pid, "VmRSS")
	}
	return total
}

// descriptors counts the open files of a process.
func descriptors(pid int) int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(entries)
}
