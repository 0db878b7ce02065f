package alarm

import (
	"testing"
	"time"
)

// alarms are one of each kind.
func alarms() map[string]Alarm {
	return map[string]Alarm{"exact": New(), "spinning": Spinning(200 * time.Microsecond), "cheap": Cheap()}
}

func TestWaitIsNeverEarly(t *testing.T) {
	for name, a := range alarms() {
		for _, d := range []time.Duration{-time.Second, 0, 100 * time.Microsecond, 2 * time.Millisecond, 10 * time.Millisecond} {
			at := time.Now().Add(d)
			if !a.Wait(at, nil) {
				t.Errorf("%s: a wait of %v was stopped", name, d)
			}
			if early := time.Until(at); early > 0 {
				t.Errorf("%s: a wait of %v ended %v early", name, d, early)
			}
		}
	}
}

func TestStopEndsAWait(t *testing.T) {
	for name, a := range alarms() {
		stop, done := make(chan struct{}), make(chan bool)
		go func() { done <- a.Wait(time.Now().Add(time.Hour), stop) }()
		close(stop)
		if <-done {
			t.Errorf("%s: a wait for an hour says that its moment came", name)
		}
		if a.Wait(time.Now(), stop) {
			t.Errorf("%s: a wait says that its moment came when it was stopped before", name)
		}
	}
}

// BenchmarkLate is how late waits of a millisecond end.
func BenchmarkLate(b *testing.B) {
	for name, a := range alarms() {
		b.Run(name, func(b *testing.B) {
			var late, most time.Duration
			for b.Loop() {
				at := time.Now().Add(time.Millisecond)
				a.Wait(at, nil)
				d := time.Since(at)
				late, most = late+d, max(most, d)
			}
			b.ReportMetric(float64(late.Nanoseconds())/float64(b.N)/1e3, "us-late")
			b.ReportMetric(float64(most.Nanoseconds())/1e3, "us-late-at-most")
		})
	}
}
