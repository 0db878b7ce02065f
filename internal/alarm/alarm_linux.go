package alarm

import (
	"time"

	"golang.org/x/sys/unix"
)

// sharpen asks for the calling thread's sleeps to end on time rather than
// together with others.
func sharpen() {
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // refused: sleeps are 50 us later
}

// sleep sleeps on the calling thread; a signal may end it early.
func sleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &ts, nil)
}
