package replay

import (
	"errors"
	"fmt"
	"time"

	"metron/internal/alarm"
)

// Timer is how the moments of sends are waited for; "" is the most exact that
// this system has.
type Timer string

const (
	TimerPrecise Timer = "precise" // in the kernel, to the nanosecond, the last of it by watching the clock; Linux only
	TimerCheap   Timer = "cheap"   // with the runtime's timers: no core is kept busy, sends are up to a millisecond late
)

// ParseTimer reads the name of one that this system has.
func ParseTimer(text string) (Timer, error) {
	switch t := Timer(text); {
	case t == TimerPrecise && !alarm.Exact:
		return "", errors.New("precise is Linux's; here there is cheap")
	case t == TimerPrecise, t == TimerCheap:
		return t, nil
	}
	return "", fmt.Errorf("%q is neither precise nor cheap", text)
}

// orDefault is the timer that is used.
func (t Timer) orDefault() Timer {
	switch {
	case t != "":
		return t
	case alarm.Exact:
		return TimerPrecise
	}
	return TimerCheap
}

// spin is how long before a moment the clock is watched: longer than the kernel
// usually takes to wake a thread, and at 1,000 requests/s a tenth of a core at most.
const spin = 100 * time.Microsecond

// alarm makes one that watches the clock for so long, if it is a precise one.
func (t Timer) alarm(spin time.Duration) alarm.Alarm {
	if t.orDefault() == TimerCheap {
		return alarm.Cheap()
	}
	return alarm.Spinning(spin)
}
