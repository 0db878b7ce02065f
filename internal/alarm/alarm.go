// Package alarm waits for moments on the monotonic clock, more exactly than the
// runtime's timers do where that can be had.
package alarm

import (
	"runtime"
	"time"
)

// Alarm waits for moments on the monotonic clock. One goroutine uses it at a time.
type Alarm struct {
	timer *time.Timer
	exact bool
	spin  time.Duration
	base  base
}

// coarse is what the runtime's timers may be late by, with room to spare.
const coarse = 3 * time.Millisecond

// New makes an alarm whose last stretch is slept in the kernel, on the thread of
// whoever waits, some 50 us late instead of a timer's 500. Elsewhere than on Linux it
// is like Cheap's.
func New() Alarm {
	a := Cheap()
	a.exact, a.base = Exact, now()
	return a
}

// Spinning makes an alarm that wakes up so long before the moment and watches the
// clock from then on, which takes that much of a core each time.
func Spinning(spin time.Duration) Alarm {
	a := New()
	if a.exact {
		a.spin = spin
	}
	return a
}

// Cheap makes an alarm of the runtime's timers alone.
func Cheap() Alarm {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return Alarm{timer: timer}
}

// Wait returns at the moment, or false as soon as stop is closed.
func (a Alarm) Wait(moment time.Time, stop <-chan struct{}) bool {
	d := time.Until(moment)
	if a.exact {
		d -= coarse
	}
	if d > 0 {
		a.timer.Reset(d)
		select {
		case <-a.timer.C:
		case <-stop:
			a.timer.Stop()
			return false
		}
	}
	if time.Until(moment) <= 0 {
		runtime.Gosched() // steps without a duration must not keep the handlers from running
	} else if a.exact {
		a.base.sleep(moment.Add(-a.spin))
	}
	for time.Until(moment) > 0 {
	}
	select {
	case <-stop:
		return false
	default:
		return true
	}
}
